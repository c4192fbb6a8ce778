import fc from "fast-check";
import { expect, test } from "vitest";
import { occupancy } from "./occupancy.ts";

const wanted = fc.record({
  start: fc.integer({ min: -1, max: 20 }),
  length: fc.nat(20),
  bytes: fc.nat(4).map((n) => 64 * n),
});

test("the lowest address that is free throughout a lifetime, as found by looking at everything that was placed before", () => {
  fc.assert(
    fc.property(fc.array(wanted, { maxLength: 40 }), (all) => {
      const last = Math.max(0, ...all.map(({ start, length }) => start + length));
      const found = occupancy(last);
      const placed: { start: number; end: number; from: number; to: number }[] = [];
      for (const { start, length, bytes } of all) {
        const end = start + length;
        const meeting = placed
          .filter((other) => other.start <= end && start <= other.end)
          .toSorted((a, b) => a.from - b.from);
        let from = 0;
        for (const other of meeting) {
          if (other.from >= from + bytes) break;
          from = Math.max(from, other.to);
        }
        expect(found.firstFit({ start, end }, bytes)).toBe(from);
        found.take({ start, end }, from, from + bytes);
        placed.push({ start, end, from, to: from + bytes });
      }
    }),
    { numRuns: 500 },
  );
});
