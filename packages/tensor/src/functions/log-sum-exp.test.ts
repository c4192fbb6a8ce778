import { expect, test } from "vitest";
import * as t from "../index.ts";

test("values: large, small, all -infinity, nothing", () => {
  const x = t.tensor([1000, 1000, -1000, -1000, -Infinity, -Infinity, Infinity, 1], [4, 2]);
  const log2 = Math.log(2);
  const found = [...t.valuesOf(t.logSumExp(x, 1))];
  [1000 + log2, -1000 + log2].forEach((value, i) => expect(found[i]).toBeCloseTo(value, 3));
  expect(found.slice(2)).toEqual([-Infinity, Infinity]);
  expect(t.item(t.logSumExp(t.tensor([], [0])))).toBe(-Infinity);
  expect(t.logSumExp(x, [0, 1], { keep: true }).shape).toEqual([1, 1]);
});

test("gradients to the second order; 0 where all are -infinity", () => {
  const x = t.uniform(t.key(1), [3, 4], { low: -3, high: 3, dtype: "f64" });
  const f = (y: t.Tensor): t.Tensor => t.sum(t.exp(t.logSumExp(y, 1)));
  const g = (y: t.Tensor): t.Tensor => t.sum(t.mul(t.logSumExp(y, 0), t.tensor(Float64Array.of(1, 2, 3, 4))));
  for (const h of [f, g]) {
    t.assertGradient(h, x);
    t.assertGradient(t.grad(h), x);
  }
  const slopes = t.grad((y: t.Tensor) => t.logSumExp(y))(t.tensor([-Infinity, -Infinity]));
  expect([...t.valuesOf(slopes)]).toEqual([0, 0]);
});
