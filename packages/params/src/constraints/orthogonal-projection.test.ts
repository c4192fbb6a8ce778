import {
  add,
  convert,
  isTensor,
  key,
  matmul,
  mul,
  normal,
  reshape,
  tensor,
  transpose,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { kernel, orthogonalParametrization, orthogonalProjection, reparametrized, weightsOf } from "../index.ts";

/** The largest deviation of `W^T W`, or `W W^T` where it is wide, from the identity; in f64. */
function residual(w: Tensor): number {
  const [x, turned] = [convert(w, "f64"), transpose(convert(w, "f64"), [1, 0])];
  const products = w.shape[0]! < w.shape[1]! ? matmul(x, turned) : matmul(turned, x);
  const count = products.shape[0]!;
  return Math.max(...valuesOf(products).map((v, k) => Math.abs(v - (k % (count + 1) === 0 ? 1 : 0))));
}

/** Orthonormal to rounding of f64, which `orthogonal` is not. */
function orthonormal(seed: number, rows: number, columns: number): Tensor {
  const size = [Math.min(rows, columns), Math.max(rows, columns)];
  const specs = reparametrized(kernel([rows, columns]), orthogonalParametrization());
  const made: Tree = weightsOf<Tree>({ params: specs }, { reflectors: normal(key(seed), size, { dtype: "f64" }) });
  if (isTensor(made)) return made;
  throw new Error("expected a weight");
}

/** Diagonal singular values between two orthogonal matrices. */
function withSingularValues(seed: number, rows: number, columns: number, values: readonly number[]): readonly Tensor[] {
  const count = Math.min(rows, columns);
  const left = orthonormal(seed, rows, count);
  const right = orthonormal(seed + 1, count, columns);
  return [matmul(mul(left, tensor(values, [1, count], { dtype: "f64" })), right), matmul(left, right)];
}

test("gives the polar factor of any shape, the nearest matrix with orthonormal columns or rows", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), (seed, rows, columns) => {
      const count = Math.min(rows, columns);
      const singular = Array.from({ length: count }, (_, i) => 0.05 + ((seed * 7 + i * 13) % 100) / 20);
      const [w, factor] = withSingularValues(seed, rows, columns, singular);
      const projected = orthogonalProjection()(w!);
      expect(residual(projected)).toBeLessThan(1e-13);
      valuesOf(factor!).forEach((v, k) => expect(valuesOf(projected)[k]).toBeCloseTo(v, 12));
    }),
    { numRuns: 30 },
  );
});

test("is exact to rounding up to a condition of 100, and nearly so after an update in few iterations", () => {
  const hidden = 24;
  const singular = Array.from({ length: hidden }, (_, i) => (i === 0 ? 10 : i === 1 ? 0.1 : 1));
  const [w] = withSingularValues(3, hidden, hidden, singular);
  expect(residual(orthogonalProjection()(w!))).toBeLessThan(1e-13);
  const moved = add(
    orthonormal(1, hidden, hidden),
    normal(key(2), [hidden, hidden], { dtype: "f64", deviation: 0.01 }),
  );
  expect(residual(moved)).toBeGreaterThan(0.01);
  expect(residual(orthogonalProjection({ iterations: 5 })(moved))).toBeLessThan(1e-9);
});

test("stays in range, leaves zeros, and says what it cannot project", () => {
  const large = normal(key(1), [4, 4], { deviation: 1e25 });
  expect(residual(orthogonalProjection()(large))).toBeLessThan(1e-6);
  expect(residual(orthogonalProjection()(normal(key(2), [4, 4], { deviation: 1e-25 })))).toBeLessThan(1e-6);
  expect([...valuesOf(orthogonalProjection()(tensor([0, 0, 0, 0], [2, 2])))]).toEqual([0, 0, 0, 0]);
  expect(orthogonalProjection()(tensor([], [0, 3])).shape).toEqual([0, 3]);
  expect(() => orthogonalProjection()(reshape(large, [16]))).toThrow(
    "orthogonalProjection: expected a matrix, got [16]",
  );
  expect(() => orthogonalProjection({ iterations: 0 })).toThrow(
    "orthogonalProjection: expected at least 1 iteration, got 0",
  );
  const wide = transpose(tensor([1, 2, 3, 4, 5, 7], [3, 2], { dtype: "f64" }), [1, 0]);
  expect(residual(orthogonalProjection()(wide))).toBeLessThan(1e-12);
});
