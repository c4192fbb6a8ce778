// Orthogonal weights that are made of antisymmetric matrices, against plain loops and what they must be.
import {
  assertGradient,
  grad,
  key,
  matmul,
  mul,
  normal,
  sum,
  tensor,
  transpose,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import {
  cayleyParametrization,
  exponentialParametrization,
  identity,
  initialize,
  initialTree,
  orthogonal,
  parameterCount,
  recurrentKernel,
  reparametrized,
  scaledIdentity,
  weightsOf,
  zeros,
  type Initializer,
  type Reparametrization,
} from "../index.ts";

const numbers = (x: Tensor): number[] => [...valuesOf(x)];
const specsFor = (n: number, by: Reparametrization, initializer: Initializer = orthogonal) => ({
  U: reparametrized(recurrentKernel([n, n], { initializer }), by),
});

/** The weight that these numbers below the diagonal make. */
function made(n: number, by: Reparametrization, skew: Tensor): Tensor {
  const { U } = weightsOf({ params: specsFor(n, by) }, { U: { skew } } as Tree) as { U: Tensor };
  return U;
}

/** The largest deviation of `W^T W` from the identity. */
function residual(W: Tensor): number {
  const n = W.shape[0]!;
  return Math.max(...numbers(matmul(transpose(W), W)).map((v, k) => Math.abs(v - (k % (n + 1) === 0 ? 1 : 0))));
}

/** A `[n][n]`, with these numbers below its diagonal. */
function skewOf(entries: readonly number[], n: number): number[][] {
  const A = Array.from({ length: n }, () => new Array<number>(n).fill(0));
  let next = 0;
  for (let i = 1; i < n; i++)
    for (let j = 0; j < i; j++) {
      A[i]![j] = entries[next]!;
      A[j]![i] = -entries[next++]!;
    }
  return A;
}

const times = (A: readonly number[][], B: readonly number[][]): number[][] =>
  A.map((row) => B[0]!.map((_, j) => row.reduce((total, a, k) => total + a * B[k]![j]!, 0)));

describe.each([
  ["cayleyParametrization", cayleyParametrization()],
  ["exponentialParametrization", exponentialParametrization()],
] as const)("%s", (name, by) => {
  test.each([2, 3, 8, 33])("of %d rows is orthogonal to rounding, and has n (n - 1) / 2 numbers", (n) => {
    const count = (n * (n - 1)) / 2;
    expect(parameterCount({ params: specsFor(n, by) })).toBe(count);
    expect(residual(made(n, by, normal(key(1), [count], { dtype: "f64" })))).toBeLessThan(4e-14);
    expect(residual(made(n, by, normal(key(1), [count])))).toBeLessThan(2e-5);
  });

  test("leaves orthogonal initial weights as they are, but for the sign of the last row", () => {
    for (const n of [2, 5, 16, 40])
      for (const seed of [1, 2, 3, 4]) {
        const plain = numbers(initialize({ U: recurrentKernel([n, n]) }, key(seed), { dtype: "f64" }).U);
        const specs = specsFor(n, by);
        const { U } = weightsOf({ params: specs }, initialTree(specs, key(seed), { dtype: "f64" })) as { U: Tensor };
        const last = numbers(U)[n * n - 1]! * plain[n * n - 1]! < 0 ? -1 : 1;
        plain.forEach((v, k) => expect(numbers(U)[k]).toBeCloseTo(k < n * (n - 1) ? v : last * v, 6));
      }
    const specs = specsFor(4, by, identity);
    const { skew } = (initialTree(specs, key(1)) as { U: { skew: Tensor } }).U;
    numbers(skew).forEach((v) => expect(v).toBeCloseTo(0, 15));
  });

  test("has first and second derivatives that equal finite differences", () => {
    const R = normal(key(2), [4, 4], { dtype: "f64" });
    const loss = ({ skew }: { skew: Tensor }): Tensor => sum(mul(made(4, by, skew), R));
    const at = { skew: normal(key(3), [6], { dtype: "f64" }) };
    assertGradient(loss, at);
    assertGradient(grad(loss), at);
  });

  test("what cannot begin is an error", () => {
    expect(() => reparametrized(recurrentKernel([3, 4]), by)).toThrow(
      `${name}: expected a square matrix of at least 2 rows, got [3,4]`,
    );
    expect(() => initialTree(specsFor(3, by, zeros), key(1))).toThrow("the initial weight is singular");
    expect(() => initialTree(specsFor(4, by, scaledIdentity(-1)), key(1))).toThrow(
      "the initial weight turns a plane by half a circle",
    );
  });
});

describe("cayleyParametrization", () => {
  test.each([0, 1, 3])("is the transpose W of W (I + A) = (I - A) D, multiplied out, with %d times -1", (negative) => {
    const n = 5;
    const skew = normal(key(4), [10], { dtype: "f64" });
    const U = numbers(made(n, cayleyParametrization({ negative }), skew));
    const A = skewOf(numbers(skew), n);
    const plus = A.map((row, i) => row.map((a, j) => (i === j ? 1 + a : a)));
    const W = A.map((_, i) => A.map((__, j) => U[j * n + i]!));
    // (I + A) W = (I - A) D
    times(plus, W).forEach((row, i) =>
      row.forEach((v, j) => expect(v).toBeCloseTo((j < n - negative ? 1 : -1) * ((i === j ? 1 : 0) - A[i]![j]!), 12)),
    );
  });

  test("an initial weight with -1 on D is unchanged, and a wrong count is an error", () => {
    const specs = specsFor(3, cayleyParametrization({ negative: 1 }), (_, shape) =>
      tensor([0.6, -0.8, 0, 0.8, 0.6, 0, 0, 0, -1], shape, { dtype: "f64" }),
    );
    const { U } = weightsOf({ params: specs }, initialTree(specs, key(1), { dtype: "f64" })) as { U: Tensor };
    [0.6, -0.8, 0, 0.8, 0.6, 0, 0, 0, -1].forEach((v, k) => expect(numbers(U)[k]).toBeCloseTo(v, 14));
    expect(() => specsFor(3, cayleyParametrization({ negative: 4 }))).toThrow(
      "cayleyParametrization: negative must be an integer from 0 to 3, got 4",
    );
  });
});

describe("exponentialParametrization", () => {
  test.each([0.01, 0.5, 3, 40])(
    "is the transpose of the exponential, as a plain series, of numbers around %d",
    (size) => {
      const n = 4;
      const skew = normal(key(5), [6], { dtype: "f64", deviation: size });
      // The series of A / 2^12, then squared twelve times.
      const A = skewOf(numbers(skew), n).map((row) => row.map((a) => a / 4096));
      let term: number[][] = A.map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
      let total = term;
      for (let k = 1; k < 20; k++) {
        term = times(term, A).map((row) => row.map((a) => a / k));
        total = total.map((row, i) => row.map((a, j) => a + term[i]![j]!));
      }
      for (let k = 0; k < 12; k++) total = times(total, total);
      const U = numbers(made(n, exponentialParametrization(), skew));
      total.forEach((row, i) => row.forEach((v, j) => expect(U[j * n + i]).toBeCloseTo(v, 11)));
    },
  );

  test("a turn of a plane by an angle is the number below the diagonal", () => {
    const U = numbers(made(2, exponentialParametrization(), tensor([0.75], [1], { dtype: "f64" })));
    // exp([[0, -t], [t, 0]]) = [[cos t, -sin t], [sin t, cos t]], and U is its transpose.
    [Math.cos(0.75), Math.sin(0.75), -Math.sin(0.75), Math.cos(0.75)].forEach((v, k) =>
      expect(U[k]).toBeCloseTo(v, 15),
    );
  });
});
