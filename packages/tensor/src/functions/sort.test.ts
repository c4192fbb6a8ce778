import fc from "fast-check";
import { expect, test } from "vitest";
import * as t from "../index.ts";

/** By comparison of pairs, NaN last, ties in place. */
function sortedIndices(values: readonly number[], descending: boolean): number[] {
  return values
    .map((value, i) => ({ value, i }))
    .sort((a, b) => {
      if (Number.isNaN(a.value) || Number.isNaN(b.value))
        return Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value)) || a.i - b.i;
      const order = a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
      return (descending ? -order : order) || a.i - b.i;
    })
    .map(({ i }) => i);
}

const special = [NaN, 0, -0, 1, 1, Infinity, -Infinity, 2];
const values = fc.array(fc.oneof(fc.constantFrom(...special), fc.integer({ min: -3, max: 3 })), {
  minLength: 1,
  maxLength: 20,
});

test("argsort, sort and topK: ties in place, NaN last, in both directions", () => {
  fc.assert(
    fc.property(values, fc.boolean(), (row, descending) => {
      const expected = sortedIndices(row, descending);
      const x = t.tensor(row);
      expect([...t.valuesOf(t.argsort(x, 0, { descending }))]).toEqual(expected);
      expect([...t.valuesOf(t.sort(x, 0, { descending }))]).toEqual(expected.map((i) => row[i]));
      const count = Math.floor(row.length / 2);
      const top = t.topK(x, count);
      expect([...t.valuesOf(top.indices)]).toEqual(sortedIndices(row, true).slice(0, count));
    }),
    { numRuns: 60 },
  );
});

test("along any axis, of integers and bools, with extremes", () => {
  const x = t.tensor([3, 1, 2, -2147483648, 2147483647, 0], [3, 2], { dtype: "i32" });
  expect([...t.valuesOf(t.sort(x, 0))]).toEqual([2, -2147483648, 3, 0, 2147483647, 1]);
  expect([...t.valuesOf(t.sort(x, 0, { descending: true }))]).toEqual([2147483647, 1, 3, 0, 2, -2147483648]);
  expect([...t.valuesOf(t.argsort(t.tensor([1, 0, 1], [3], { dtype: "bool" })))]).toEqual([1, 0, 2]);
  expect([...t.valuesOf(t.flip(x, 0))]).toEqual([2147483647, 0, 2, -2147483648, 3, 1]);
  expect([...t.valuesOf(t.flip(x))]).toEqual([1, 3, -2147483648, 2, 0, 2147483647]);
});

test("gradients go where the elements came from, to the second order", () => {
  const x = t.uniform(t.key(1), [3, 5], { dtype: "f64" });
  const f = (y: t.Tensor): t.Tensor => {
    const { values: top } = t.topK(y, 2);
    return t.add(t.sum(t.mul(t.exp(t.sort(y, 0)), t.flip(y))), t.sum(t.exp(top)));
  };
  t.assertGradient(f, x);
  t.assertGradient(t.grad(f), x);
});

test("errors", () => {
  expect(() => t.topK(t.tensor([1, 2]), 3)).toThrow("topK: count is 3, expected an integer from 0 to 2");
  expect(() => t.sort(t.tensor([1, 2]), 1)).toThrow("sort: [2] has no axis 1");
});
