import { key, keyFor, normal, valuesOf } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { solved } from "./cholesky.ts";
import { dot, transposeTimes, type Columns } from "./columns.ts";
import { singularVectorsOf } from "./one-sided-jacobi.ts";

const matrix = (seed: number, rows: number, columns: number): Columns =>
  Array.from({ length: columns }, (_, j) =>
    Float64Array.from(valuesOf(normal(keyFor(key(seed), String(j)), [rows], { dtype: "f64" }))),
  );
const times = (a: Columns, b: Columns): Columns =>
  b.map((column) => Float64Array.from(a[0]!, (_, i) => a.reduce((sum, left, k) => sum + left[i]! * column[k]!, 0)));
const size = fc.integer({ min: 1, max: 7 });

test("singular vectors are orthonormal, in order, and A v has the length of its singular value", () => {
  fc.assert(
    fc.property(fc.nat(1000), size, size, size, (seed, rows, columns, rank) => {
      const a = times(matrix(seed, rows, rank), matrix(seed + 1, rank, columns));
      const { values, vectors } = singularVectorsOf(a);
      expectNear(
        "V^T V",
        transposeTimes(vectors, vectors).flatMap((c) => [...c]),
        identity(columns),
        1e-14,
      );
      expect([...values]).toEqual([...values].toSorted((x, y) => y - x));
      const images = times(a, vectors);
      expectNear(
        "|A v|",
        images.map((image) => Math.sqrt(dot(image, image))),
        values,
        1e-13,
      );
      // The images of different vectors are orthogonal, so the values are those of A.
      const products = transposeTimes(images, images).flatMap((c) => [...c]);
      expectNear(
        "(A V)^T A V",
        products,
        Array.from({ length: columns * columns }, (_, i) =>
          i % (columns + 1) === 0 ? values[i / (columns + 1)]! ** 2 : 0,
        ),
        1e-13,
      );
    }),
  );
});

test("singular values far apart are all accurate, and tiny or huge matrices do not under- or overflow", () => {
  for (const scale of [1, 1e-200, 1e200]) {
    // The columns of a Hadamard matrix, halved, are orthonormal; the columns of the product are those times 1, 1e-4 ...
    const hadamard = [
      [1, 1, 1, 1],
      [1, -1, 1, -1],
      [1, 1, -1, -1],
      [1, -1, -1, 1],
    ].map((column) => Float64Array.from(column, (y) => y / 2));
    const spread = hadamard.map((column, j) => column.map((y) => y * scale * 10 ** (-4 * j)));
    const { values } = singularVectorsOf(spread);
    values.forEach((value, j) => expect(Math.abs(value / (scale * 10 ** (-4 * j)) - 1)).toBeLessThan(1e-14));
  }
  expect([...singularVectorsOf([new Float64Array(2), new Float64Array(2)]).values]).toEqual([0, 0]);
});

test("Cholesky solves symmetric positive definite systems and refuses others", () => {
  fc.assert(
    fc.property(fc.nat(1000), size, size, (seed, n, columns) => {
      const root = matrix(seed, n + 3, n);
      const a = transposeTimes(root, root);
      const x = matrix(seed + 1, n, columns);
      const found = solved(a, times(a, x))!;
      const back = times(a, found);
      expectNear(
        "A x",
        back.flatMap((c) => [...c]),
        times(a, x).flatMap((c) => [...c]),
        1e-11,
      );
    }),
  );
  const singular = [Float64Array.of(1, 2), Float64Array.of(2, 4)];
  expect(solved(singular, [Float64Array.of(1, 1)])).toBeUndefined();
  expect(solved([Float64Array.of(-1)], [Float64Array.of(1)])).toBeUndefined();
});

const identity = (n: number): number[] => Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
