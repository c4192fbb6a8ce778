import fc from "fast-check";
import { expect, test } from "vitest";
import { adderOf, roundedSum } from "./exact-sums.ts";

/** The sum of f64 numbers, exact as an integer multiple of 2^-1074, rounded once. */
function exactSum(values: readonly number[]): number {
  const integer = (x: number): bigint => {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, x);
    const all = bits.getBigUint64(0);
    const [exponent, fraction] = [(all >> 52n) & 0x7ffn, all & 0xfffffffffffffn];
    const magnitude = exponent === 0n ? fraction : (fraction | 0x10000000000000n) << (exponent - 1n);
    return all >> 63n === 0n ? magnitude : -magnitude;
  };
  const total = values.reduce((sum, x) => sum + integer(x), 0n);
  // Half to even, from the integer's leading 53 bits.
  const magnitude = total < 0n ? -total : total;
  const surplus = BigInt(Math.max(0, magnitude.toString(2).length - 53));
  const low = magnitude & ((1n << surplus) - 1n);
  let high = magnitude >> surplus;
  const half = surplus === 0n ? 0n : 1n << (surplus - 1n);
  if (surplus > 0n && (low > half || (low === half && high % 2n === 1n))) high += 1n;
  const scale = Number(surplus) - 1074;
  const result = Number(high) * 2 ** Math.max(scale, -1000) * 2 ** Math.min(0, scale + 1000);
  return total < 0n ? -result : result;
}

const moderate = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e100, max: 1e100 });

test("a sum is that of integers, rounded once, in any order and from any state", () => {
  fc.assert(
    fc.property(fc.array(moderate, { maxLength: 40 }), fc.array(fc.nat(), { maxLength: 5 }), (values, cuts) => {
      const expected = exactSum(values);
      for (const order of [values, values.toReversed(), values.toSorted((a, b) => a - b)]) {
        let adder = adderOf([], 3);
        order.forEach((x, i) => {
          if (cuts.some((cut) => cut % order.length === i)) adder = adderOf(adder.planes, 3);
          adder.add(1, x);
        });
        expect(roundedSum(adder.planes, 1) + 0).toBe(expected + 0);
        expect(roundedSum(adder.planes, 0)).toBe(0);
      }
    }),
  );
});

test("cancellation and halves are exact", () => {
  const sumOf = (values: readonly number[]): number => {
    const adder = adderOf([], 1);
    for (const x of values) adder.add(0, x);
    return roundedSum(adder.planes, 0);
  };
  expect(sumOf([1e100, 1, -1e100])).toBe(1);
  expect(sumOf(new Array<number>(10).fill(0.1))).toBe(1);
  // 2^53 + 1 lies half way; the smallest number above decides.
  expect(sumOf([2 ** 53, 1])).toBe(2 ** 53);
  expect(sumOf([2 ** 53, 1, 5e-324])).toBe(2 ** 53 + 2);
  expect(sumOf([2 ** 53, 1, -5e-324])).toBe(2 ** 53);
  expect(sumOf([1, Infinity])).toBe(Infinity);
  expect(sumOf([Infinity, -Infinity])).toBeNaN();
  expect(sumOf([1, NaN, 1])).toBeNaN();
});
