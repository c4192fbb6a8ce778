import fc from "fast-check";
import { expect, test } from "vitest";
import { pending, type Accesses } from "./accesses.ts";

const range = fc.tuple(fc.nat(30), fc.nat(6)).map(([start, length]) => ({ start, end: start + length }));
const accesses = fc.record({ touched: fc.array(range, { maxLength: 3 }), written: fc.array(range, { maxLength: 2 }) });

test("two steps conflict where one writes an address that the other touches", () => {
  const addresses = (ranges: Accesses["touched"]): number[] =>
    ranges.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i));
  fc.assert(
    fc.property(fc.array(accesses, { maxLength: 12 }), accesses, (before, next) => {
      const all = pending();
      before.forEach(all.add);
      const [touched, written] = [
        new Set(before.flatMap((each) => addresses(each.touched))),
        new Set(before.flatMap((each) => addresses(each.written))),
      ];
      expect(all.conflicts(next)).toBe(
        addresses(next.written).some((at) => touched.has(at)) || addresses(next.touched).some((at) => written.has(at)),
      );
    }),
    { numRuns: 500 },
  );
});
