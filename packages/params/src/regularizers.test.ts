import { grad, item, key, tensor, valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import { bias, initialize, kernel, l1, l1l2, l2, recurrentKernel, regularization } from "./index.ts";

const w = tensor([1, -2, 3]);

test("penalties as in Keras", () => {
  expect(item(l1(0.5)(w))).toBe(3);
  expect(item(l2(0.5)(w))).toBe(7);
  expect(item(l1l2({ l1: 0.5, l2: 0.5 })(w))).toBe(10);
  expect(item(l1l2({ l1: 0.5 })(w))).toBe(3);
  expect(item(l1l2({ l2: 0.5 })(w))).toBe(7);
  expect(() => l1l2({})).toThrow("l1l2: expected l1, l2 or both");
  expect(() => l1l2({ L2: 1 } as object)).toThrow("l1l2: unknown option L2; did you mean l2?");
});

test("a model's penalty is the sum over the parameters that were given one, and has their gradient", () => {
  const specs = [
    { W: kernel([2, 9], { regularizer: l1(0.1) }), U: recurrentKernel([3, 9], { regularizer: l2(0.2) }), b: bias([9]) },
    { W: kernel([3, 1], { regularizer: l2(0.5) }), b: bias([1]) },
  ] as const;
  const params = initialize(specs, key(1), { dtype: "f64" });
  const squares = (x: readonly number[]): number => x.reduce((sum, v) => sum + v * v, 0);
  const [{ W, U }, { W: V }] = [params[0], params[1]];
  const expected =
    0.1 * [...valuesOf(W)].reduce((sum, v) => sum + Math.abs(v), 0) +
    0.2 * squares([...valuesOf(U)]) +
    0.5 * squares([...valuesOf(V)]);
  expect(item(regularization({ params: specs }, params))).toBeCloseTo(expected, 12);
  const gradient = grad((p: typeof params) => regularization({ params: specs }, p))(params);
  expect([...valuesOf(gradient[1].W)]).toEqual([...valuesOf(V)]);
  expect([...valuesOf(gradient[1].b)]).toEqual([0]);
});

test("without regularizers the penalty is 0", () => {
  const params = { W: kernel([2, 9]), b: bias([9]) };
  expect(item(regularization({ params }, initialize(params, key(1))))).toBe(0);
});

test("parameters of another layer are an error", () => {
  const params = { W: kernel([2, 9]), U: recurrentKernel([3, 9]) };
  expect(() => regularization({ params }, { V: w })).toThrow(
    "regularization: the parameters do not fit: no W, expected [2,9]; no U, expected [3,9]",
  );
});
