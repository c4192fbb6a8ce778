// Held to whole-number arithmetic: an index that is divided and put together again is the same number.
import fc from "fast-check";
import { expect, test } from "vitest";
import { divisions, type Divisions } from "./division.ts";
import { fixed, keyOf, plus, times, variable, type Index } from "./position.ts";

/** The value of an index, by the values of its free variables. */
function valueOf(divided: Divisions, { constant, terms }: Index, values: Readonly<Record<string, number>>): number {
  let sum = constant;
  for (const [name, factor] of terms) {
    const division = divided.find(name);
    const dividend = division && valueOf(divided, division.of, values);
    const value =
      division === undefined
        ? values[name]!
        : division.isQuotient
          ? Math.floor(dividend! / division.by)
          : dividend! - Math.floor(dividend! / division.by) * division.by;
    sum += factor * value;
  }
  return sum;
}

test("quotients and remainders have their values, whatever is left out", () => {
  const factor = fc.constantFrom(1, 2, 3, 4, 6, 12, 24, 64);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(factor, fc.integer({ min: 1, max: 80 })), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(1, 2, 3, 4, 8, 12, 64, 96),
      fc.nat(100),
      fc.constantFrom(2, 3, 8),
      fc.infiniteStream(fc.nat()),
      (parts, by, constant, again, random) => {
        const divided = divisions();
        const values: Record<string, number> = {};
        let index = fixed(constant);
        parts.forEach(([f, below], i) => {
          divided.limit(`x${i}`, below);
          values[`x${i}`] = random.next().value! % below;
          index = plus(index, times(variable(`x${i}`), f));
        });
        const whole = valueOf(divided, index, values);
        const [quotient, remainder] = [divided.quotient(index, by), divided.remainder(index, by)];
        expect(valueOf(divided, quotient, values)).toBe(Math.floor(whole / by));
        expect(valueOf(divided, remainder, values)).toBe(whole % by);
        expect(valueOf(divided, divided.quotient(quotient, again), values)).toBe(
          Math.floor(Math.floor(whole / by) / again),
        );
        expect(valueOf(divided, divided.remainder(remainder, again), values)).toBe((whole % by) % again);
        expect(whole).toBeLessThan(divided.below(index));
        expect(valueOf(divided, divided.together(plus(times(quotient, by), remainder)), values)).toBe(whole);
      },
    ),
    { numRuns: 500 },
  );
});

test("a row and a column need no division, and a counter inside a row none that depends on it", () => {
  const divided = divisions();
  divided.limit("k", 64);
  const at = plus(times(variable("row"), 64), variable("k"));
  expect(keyOf(divided.quotient(at, 64))).toBe(keyOf(variable("row")));
  expect(keyOf(divided.remainder(at, 64))).toBe(keyOf(variable("k")));
  expect(keyOf(divided.quotient(at, 2048))).toBe(keyOf(divided.quotient(variable("row"), 32)));
  expect(keyOf(divided.remainder(at, 2048))).toBe(
    keyOf(plus(times(divided.remainder(variable("row"), 32), 64), variable("k"))),
  );
  // Beyond the row there is no telling.
  expect(keyOf(divided.quotient(plus(at, fixed(1)), 64))).not.toBe(keyOf(variable("row")));
});
