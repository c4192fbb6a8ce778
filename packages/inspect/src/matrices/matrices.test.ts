import { readFileSync } from "node:fs";
import { key, normal, tensor, valuesOf } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eigenvalues, singularValues } from "../index.ts";
import { orthonormalize } from "./orthonormal.ts";
import { solve } from "./solve.ts";

interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Case {
  readonly name: string;
  readonly matrix: Values;
  readonly real: Values;
  readonly imaginary: Values;
  readonly singularValues: Values;
}
const { cases } = JSON.parse(
  readFileSync(new URL("../../../../fixtures/dynamics/matrices.json", import.meta.url), "utf8"),
) as { readonly cases: readonly Case[] };

const matrixOf = ({ shape, data }: Values) => tensor(Float64Array.from(data), [...shape]);
const square = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.nat(10_000))
  .map(([n, seed]) => ({ n, x: normal(key(seed), [n, n], { dtype: "f64" }) }));

describe.each(cases)("$name, by LAPACK", ({ matrix, real, imaginary, singularValues: expected }) => {
  test("eigenvalues, each matched with one", () => {
    const found = eigenvalues(matrixOf(matrix));
    const [re, im] = [[...valuesOf(found.real)], [...valuesOf(found.imaginary)]];
    const size = Math.max(1, ...real.data.map(Math.abs), ...imaginary.data.map(Math.abs));
    const left = re.map((a, i) => [a, im[i]!] as const);
    real.data.forEach((a, i) => {
      const distances = left.map(([c, d]) => Math.hypot(a - c, imaginary.data[i]! - d));
      const nearest = distances.indexOf(Math.min(...distances));
      expect(distances[nearest], `${a} + ${imaginary.data[i]} i among ${re} + ${im} i`).toBeLessThan(1e-9 * size);
      left.splice(nearest, 1);
    });
    const moduli = re.map((a, i) => Math.hypot(a, im[i]!));
    moduli.slice(1).forEach((modulus, i) => expect(modulus).toBeLessThanOrEqual(moduli[i]! * (1 + 1e-15)));
  });

  test("singular values", () => {
    expectNear("singular values", valuesOf(singularValues(matrixOf(matrix))), expected.data, 1e-14);
  });
});

test("the trace is the sum of the eigenvalues, and complex ones come in pairs", () => {
  fc.assert(
    fc.property(square, ({ n, x }) => {
      const { real, imaginary } = eigenvalues(x);
      const trace = [...valuesOf(x)].reduce((sum, value, i) => (i % (n + 1) === 0 ? sum + value : sum), 0);
      expect([...valuesOf(real)].reduce((a, b) => a + b, 0)).toBeCloseTo(trace, 10);
      const im = [...valuesOf(imaginary)];
      for (let i = 0; i < n; i++) {
        if (im[i] === 0) continue;
        expect(im[i]).toBeGreaterThan(0);
        expect(im[i + 1]).toBe(-im[i]!);
        expect(valuesOf(real)[i + 1]).toBe(valuesOf(real)[i]);
        i++;
      }
    }),
  );
});

test("the product of the moduli is that of the singular values: the size of the determinant", () => {
  fc.assert(
    fc.property(square, ({ n, x }) => {
      const { real, imaginary } = eigenvalues(x);
      const moduli = [...Array(n).keys()].map((i) => Math.hypot(valuesOf(real)[i]!, valuesOf(imaginary)[i]!));
      const determinant = [...valuesOf(singularValues(x))].reduce((a, b) => a * b, 1);
      expect(moduli.reduce((a, b) => a * b, 1) / determinant).toBeCloseTo(1, 8);
    }),
  );
});

test("a transposed or scaled matrix has the same singular values, scaled", () => {
  const x = normal(key(4), [3, 5], { dtype: "f64" });
  const values = valuesOf(singularValues(x));
  const transposed = tensor(
    Float64Array.from({ length: 15 }, (_, i) => valuesOf(x)[(i % 3) * 5 + Math.floor(i / 3)]!),
    [5, 3],
  );
  expect(valuesOf(singularValues(transposed))).toEqual(values);
  for (const scale of [1e-200, 1e200]) {
    const scaled = tensor(
      Float64Array.from(valuesOf(x), (value) => value * scale),
      [3, 5],
    );
    expectNear(
      "scaled",
      [...valuesOf(singularValues(scaled))].map((value) => value / scale),
      values,
      1e-14,
    );
  }
});

test("batches, empty ones, and matrices that are not finite", () => {
  const x = tensor([1, 0, 0, 2, NaN, 0, 0, 1, 0, Infinity, 1, 0], [3, 2, 2], { dtype: "f64" });
  expect([...valuesOf(singularValues(x))]).toEqual([2, 1, NaN, NaN, NaN, NaN]);
  expect([...valuesOf(eigenvalues(x).real)]).toEqual([2, 1, NaN, NaN, NaN, NaN]);
  expect([...valuesOf(eigenvalues(x).imaginary)]).toEqual([0, 0, NaN, NaN, NaN, NaN]);
  expect(singularValues(tensor([], [0, 3, 2])).shape).toEqual([0, 2]);
  expect(eigenvalues(tensor([], [2, 0, 0])).real.shape).toEqual([2, 0]);
});

test("orthonormal vectors, and the diagonal of R", () => {
  fc.assert(
    fc.property(square, fc.nat(8), ({ n, x }, dependent) => {
      const vectors = [...Array(n).keys()].map((j) =>
        Float64Array.from([...Array(n).keys()].map((i) => valuesOf(x)[i * n + j]!)),
      );
      // A vector that depends on those before it.
      const at = dependent % n;
      if (at > 0) vectors[at] = vectors[0]!.map((value, i) => 2 * value - (at > 1 ? vectors[1]![i]! : 0));
      const diagonal = orthonormalize(vectors);
      const dot = (v: Float64Array, w: Float64Array): number => v.reduce((sum, value, i) => sum + value * w[i]!, 0);
      vectors.forEach((v, i) => vectors.forEach((w, j) => expect(dot(v, w)).toBeCloseTo(i === j ? 1 : 0, 13)));
      diagonal.forEach((r, j) => (j === at && at > 0 ? expect(r).toBe(0) : expect(r).toBeGreaterThan(0)));
      if (at === 0) {
        const determinant = [...valuesOf(singularValues(x))].reduce((a, b) => a * b, 1);
        expect(diagonal.reduce((a, b) => a * b, 1) / determinant).toBeCloseTo(1, 9);
      }
    }),
  );
});

test("linear equations", () => {
  fc.assert(
    fc.property(square, ({ n, x }) => {
      const b = Float64Array.from([...Array(n).keys()], (i) => i - 1.5);
      const solution = solve(Float64Array.from(valuesOf(x)), b.slice())!;
      const size = Math.max(...solution.map(Math.abs));
      b.forEach((wanted, i) => {
        const found = solution.reduce((sum, value, j) => sum + valuesOf(x)[i * n + j]! * value, 0);
        expect(Math.abs(found - wanted)).toBeLessThan(1e-12 * (1 + size));
      });
    }),
  );
  expect(solve(Float64Array.of(1, 2, 2, 4), Float64Array.of(1, 1))).toBe(undefined);
});

test.each<[string, () => unknown, string]>([
  [
    "not square",
    () => eigenvalues(tensor([1, 2], [1, 2])),
    "eigenvalues: expected square matrices [..., n, n], got [1,2]",
  ],
  [
    "one axis",
    () => singularValues(tensor([1, 2])),
    "singularValues: expected a float tensor [..., rows, columns], got f32 [2]",
  ],
  [
    "integers",
    () => singularValues(tensor([1], [1, 1], { dtype: "i32" })),
    "singularValues: expected a float tensor [..., rows, columns], got i32 [1,1]",
  ],
])("a clear error: %s", (_, run, message) => {
  expect(run).toThrow(message);
});
