// The low ranks of fastRnn and fastGrnn: the same numbers as the product of the factors, and ranks that are refused.
import { parameterCount } from "@sluice/params";
import { key, normal, tensor, TensorError, valuesOf, type Tensor } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import { expect, test } from "vitest";
import { fastGrnn, fastRnn, sequence } from "../index.ts";

const sizes = { input: 3, hidden: 4 };
const x = normal(key(1), [2, 5, sizes.input], { dtype: "f64" });

const ranks = { inputRank: 2, recurrentRank: 1 };

type Factors = { readonly left: Tensor; readonly right: Tensor };

/** Both matrices, multiplied from their factors by a plain loop. */
function multiplied({ W, U }: { readonly W: Tensor | Factors; readonly U: Tensor | Factors }) {
  return { W: productOf(W), U: productOf(U) };
}

function productOf(M: Tensor | Factors): Tensor {
  if (!("left" in M)) throw new TensorError("the matrix is not made of factors");
  const [rows = 0, rank = 0] = M.left.shape;
  const [, columns = 0] = M.right.shape;
  const [left, right] = [valuesOf(M.left), valuesOf(M.right)];
  const entry = (i: number, j: number): number =>
    Array.from({ length: rank }, (_, k) => left[i * rank + k]! * right[k * columns + j]!).reduce((a, b) => a + b);
  const data = Array.from({ length: rows * columns }, (_, at) => entry(Math.floor(at / columns), at % columns));
  return tensor(data, [rows, columns], { dtype: "f64" });
}

test("fastRnn of low rank computes with the products of its factors", () => {
  const low = sequence(fastRnn({ ...sizes, ...ranks }));
  const params = low.init(key(2), { dtype: "f64" });
  const expected = sequence(fastRnn(sizes)).apply({ ...params, ...multiplied(params) }, x).output;
  expectNear("output", valuesOf(low.apply(params, x).output), valuesOf(expected), 1e-14);
});

test("fastGrnn of low rank computes with the products of its factors", () => {
  const low = sequence(fastGrnn({ ...sizes, ...ranks }));
  const params = low.init(key(2), { dtype: "f64" });
  const expected = sequence(fastGrnn(sizes)).apply({ ...params, ...multiplied(params) }, x).output;
  expectNear("output", valuesOf(low.apply(params, x).output), valuesOf(expected), 1e-14);
});

test("a low rank saves parameters", () => {
  expect(parameterCount(fastRnn(sizes)) - parameterCount(fastRnn({ ...sizes, ...ranks }))).toBe(
    3 * 4 - 2 * (3 + 4) + 4 * 4 - 1 * (4 + 4),
  );
});

test.each([0, 1.5, 4, Number.NaN])("a rank of %d for a matrix [3, 4] is an error", (rank) => {
  const refused = "must be an integer from 1 to 3, the smaller side of the matrix [3, 4]";
  expect(() => fastRnn({ ...sizes, inputRank: rank })).toThrow(`fastRnn: inputRank ${refused}, got ${rank}`);
  expect(() => fastGrnn({ ...sizes, inputRank: rank })).toThrow(`fastGrnn: inputRank ${refused}, got ${rank}`);
});

test("a recurrent rank above the number of units is an error", () => {
  const refused = "must be an integer from 1 to 4, the smaller side of the matrix [4, 4], got 5";
  expect(() => fastRnn({ ...sizes, recurrentRank: 5 })).toThrow(`fastRnn: recurrentRank ${refused}`);
  expect(() => fastGrnn({ ...sizes, recurrentRank: 5 })).toThrow(`fastGrnn: recurrentRank ${refused}`);
});
