import { describe, expect, test } from "vitest";
import * as t from "../index.ts";
import * as internal from "../internal.ts";
import type { DType, Tensor } from "../index.ts";

const numbers = (x: Tensor): number[] => [...t.valuesOf(x)];

describe.each<[DType, number[], number]>([
  ["f32", [1e30, 1e20, 1e16, 1e15, 1, 1e-15, 1e-16, 1e-25, 1e-37], 4e-7],
  ["f64", [1e300, 1e160, 1e121, 1, 1e-121, 1e-200, 1e-300], 1e-15],
])("euclideanNorm in %s", (dtype, magnitudes, tolerance) => {
  test.each(magnitudes)("of values about %d has the norm and its direction as gradient", (magnitude) => {
    const x = t.tensor([3 * magnitude, -4 * magnitude, 0, 12 * magnitude], undefined, { dtype });
    const { value, gradient } = t.valueAndGrad((y: Tensor) => internal.euclideanNorm(y))(x);
    expect(Math.abs(t.item(value) / (13 * magnitude) - 1)).toBeLessThan(tolerance);
    [3 / 13, -4 / 13, 0, 12 / 13].forEach((d, i) =>
      expect(Math.abs(numbers(gradient)[i]! - d)).toBeLessThan(tolerance),
    );
  });

  test("of zeros is 0 with the gradient 0; NaN and infinity stay", () => {
    const { value, gradient } = t.valueAndGrad((y: Tensor) => t.sum(internal.euclideanNorm(y, 1)))(
      t.tensor([0, 0, 3, 4], [2, 2], { dtype }),
    );
    expect(t.item(value)).toBe(5);
    numbers(gradient).forEach((g, i) => expect(g).toBeCloseTo([0, 0, 0.6, 0.8][i]!, 6));
    expect(
      numbers(internal.euclideanNorm(t.tensor([NaN, 1, Infinity, -1, -Infinity, NaN], [3, 2], { dtype }), 1)),
    ).toEqual([NaN, Infinity, NaN]);
  });
});

test("in the middle of the range its bits are those of the plain formula", () => {
  const x = t.normal(t.key(1), [7, 33]);
  expect(internal.euclideanNorm(x, 1)).toEqual(t.sqrt(t.sum(t.square(x), 1)));
  expect(internal.euclideanNorm(x, 0, { keep: true })).toEqual(t.sqrt(t.sum(t.square(x), 0, { keep: true })));
});

test("root is sqrt, with the derivative 0 at 0", () => {
  expect(numbers(internal.root(t.tensor([4, 0, Infinity, NaN, -1])))).toEqual([2, 0, Infinity, NaN, NaN]);
  expect(numbers(t.grad((x: Tensor) => t.sum(internal.root(x)))(t.tensor([4, 0])))).toEqual([0.25, 0]);
});
