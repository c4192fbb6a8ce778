// What each reparametrization makes, against plain loops; gradients against differences; initial weights.
import {
  abs,
  assertGradient,
  convert,
  key,
  keyFor,
  leavesOf,
  matmul,
  mul,
  normal,
  sign,
  sqrt,
  sum,
  tensor,
  transpose,
  valuesOf,
  zerosLike,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isArray } from "@sluice/tensor/internal";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bias,
  constrain,
  dropConnect,
  glorotUniform,
  identity,
  initialize,
  initialTree,
  weightBuffers,
  spectralNorm,
  makeWeights,
  initialBuffers,
  kernel,
  l2,
  maxNorm,
  orthogonal,
  orthogonalParametrization,
  parameterCount,
  parametersOf,
  recurrentKernel,
  regularization,
  reparametrized,
  scaledIdentity,
  specsOf,
  weightNorm,
  weightsOf,
  zeros,
  type Reparametrization,
  type Specs,
} from "../index.ts";

const numbers = (x: Tensor): number[] => [...valuesOf(x)];
const tensorAt = (tree: Tree, path: string): Tensor => leavesOf(tree).find((leaf) => leaf.path === path)!.tensor;
const array = (x: Tensor): ArrayTensor => {
  if (isArray(x)) return x;
  throw new Error("expected values");
};

/** What is made of parameters, and the parameters, in f64. */
function begun(specs: Specs, seed = 1): { params: Tree; weights: Tree } {
  const params = initialTree(specs, key(seed), { dtype: "f64" });
  return { params, weights: weightsOf({ params: specs }, params) };
}

/** The largest deviation of `W^T W`, or `W W^T` where it is wide, from the identity; in f64. */
function residual(w: Tensor): number {
  const [x, turned] = [convert(w, "f64"), transpose(convert(w, "f64"), [1, 0])];
  const products = w.shape[0]! < w.shape[1]! ? matmul(x, turned) : matmul(turned, x);
  const count = products.shape[0]!;
  return Math.max(...valuesOf(products).map((v, k) => Math.abs(v - (k % (count + 1) === 0 ? 1 : 0))));
}

describe("weightNorm", () => {
  test("is g v / |v| for each unit, in plain loops", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (seed, rows, units) => {
        const direction = normal(key(seed), [rows, units], { dtype: "f64" });
        const gain = normal(key(seed + 1), [units], { dtype: "f64" });
        const weights = weightsOf({ params: { W: reparametrized(kernel([rows, units]), weightNorm()) } }, {
          W: { direction, gain },
        } as Tree);
        const [v, g] = [numbers(direction), numbers(gain)];
        for (let j = 0; j < units; j++) {
          let squares = 0;
          for (let i = 0; i < rows; i++) squares += v[i * units + j]! ** 2;
          for (let i = 0; i < rows; i++)
            expect(numbers(tensorAt(weights, "W"))[i * units + j]).toBeCloseTo(
              (g[j]! * v[i * units + j]!) / Math.sqrt(squares),
              12,
            );
        }
      }),
    );
  });

  test("leaves initial weights as they are, also zeros", () => {
    for (const initializer of [glorotUniform, zeros, identity]) {
      const plain = { W: kernel([3, 4], { initializer }), b: bias([2]) };
      const specs = { ...plain, W: reparametrized(plain.W, weightNorm()) };
      const { weights } = begun(specs, 7);
      const expected = initialize(plain, key(7), { dtype: "f64" });
      numbers(expected.W).forEach((v, i) => expect(numbers(tensorAt(weights, "W"))[i]).toBeCloseTo(v, 15));
    }
    expect(() => reparametrized(bias([3]), weightNorm())).toThrow(
      "weightNorm: expected weights [input, units], got [3]",
    );
  });
});

describe("orthogonalParametrization", () => {
  test("is orthogonal to rounding whatever the reflectors, square, tall and wide", () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom(1e-12, 1, 1e12),
        (seed, rows, columns, deviation) => {
          const specs = { U: reparametrized(recurrentKernel([rows, columns]), orthogonalParametrization()) };
          const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
          const reflectors = normal(key(seed), [count, length], { dtype: "f64", deviation });
          const U = tensorAt(weightsOf({ params: specs }, { U: { reflectors } } as Tree), "U");
          expect(U.shape).toEqual([rows, columns]);
          expect(residual(U)).toBeLessThan(4e-15);
        },
      ),
    );
  });

  test("is minus a product of Householder reflections, in plain loops", () => {
    const [rows, columns] = [4, 3];
    const reflectors = normal(key(5), [columns, rows], { dtype: "f64" });
    const specs = { U: reparametrized(recurrentKernel([rows, columns]), orthogonalParametrization()) };
    const U = numbers(tensorAt(weightsOf({ params: specs }, { U: { reflectors } } as Tree), "U"));
    const expected = Array.from({ length: rows * columns }, (_, k) =>
      Math.floor(k / columns) === k % columns ? -1 : 0,
    );
    for (let r = columns - 1; r >= 0; r--) {
      const v = numbers(reflectors).slice(r * rows, (r + 1) * rows);
      const square = v.reduce((total, x) => total + x * x, 0);
      for (let j = 0; j < columns; j++) {
        const along = v.reduce((total, x, i) => total + x * expected[i * columns + j]!, 0);
        v.forEach((x, i) => (expected[i * columns + j]! -= (2 * x * along) / square));
      }
    }
    expected.forEach((v, i) => expect(U[i]).toBeCloseTo(v, 13));
  });

  test("leaves initial weights as they are where these are orthogonal, and takes the factor Q of others", () => {
    for (const [shape, initializer] of [
      [[5, 5], orthogonal],
      [[6, 6], orthogonal],
      [[7, 3], orthogonal],
      [[4, 12], orthogonal],
      [[4, 4], identity],
    ] as const)
      for (const seed of [1, 2, 3]) {
        const plain = { U: recurrentKernel(shape, { initializer }) };
        const { weights } = begun({ U: reparametrized(plain.U, orthogonalParametrization()) }, seed);
        const expected = numbers(initialize(plain, key(seed), { dtype: "f64" }).U);
        // The initializer itself is orthogonal to rounding of f32.
        expected.forEach((v, i) => expect(numbers(tensorAt(weights, "U"))[i]).toBeCloseTo(v, 6));
      }
    // Gram and Schmidt's, column by column.
    const w = normal(key(9), [4, 3], { dtype: "f64" });
    const columns = [0, 1, 2].map((j) => [0, 1, 2, 3].map((i) => numbers(w)[i * 3 + j]!));
    const q: number[][] = [];
    for (const column of columns) {
      const rest = q.reduce((x, u) => {
        const along = u.reduce((total, v, i) => total + v * x[i]!, 0);
        return x.map((v, i) => v - along * u[i]!);
      }, column);
      const norm = Math.hypot(...rest);
      q.push(rest.map((v) => v / norm));
    }
    const { weights } = begun({
      U: reparametrized(kernel([4, 3], { initializer: () => array(w) }), orthogonalParametrization()),
    });
    q.forEach((u, j) => u.forEach((v, i) => expect(numbers(tensorAt(weights, "U"))[i * 3 + j]).toBeCloseTo(v, 12)));
  });

  test("a rounded start stays orthogonal to rounding in f32, and what cannot begin is an error", () => {
    const specs = { U: reparametrized(recurrentKernel([64, 64]), orthogonalParametrization()) };
    const params = initialTree(specs, key(1));
    expect(residual(tensorAt(weightsOf({ params: specs }, params), "U"))).toBeLessThan(2e-6);
    const minus = {
      U: reparametrized(kernel([3, 3], { initializer: scaledIdentity(-1) }), orthogonalParametrization()),
    };
    expect(() => initialTree(minus, key(1))).toThrow(
      "orthogonalParametrization: unit 0 starts exactly opposite to axis 0",
    );
    expect(() => reparametrized(bias([3]), orthogonalParametrization())).toThrow(
      "orthogonalParametrization: expected a matrix, got [3]",
    );
  });
});

describe("dropConnect", () => {
  const specs = { W: reparametrized(kernel([30, 20]), dropConnect(0.25)), b: bias([20]) };
  const params = initialTree(specs, key(1));
  const W = numbers(tensorAt(params, "W"));
  const dropped = (seed: number): number[] =>
    numbers(tensorAt(weightsOf({ params: specs }, params, { training: true, key: key(seed) }), "W"));

  test("drops single weights in training, scales the others, and draws anew for each key", () => {
    const made = dropped(1);
    made.forEach((v, i) => {
      if (v !== 0) expect(v).toBeCloseTo(W[i]! / 0.75, 6);
    });
    expect(made.filter((v) => v === 0).length / made.length).toBeCloseTo(0.25, 1);
    expect(dropped(1)).toEqual(made);
    expect(dropped(2)).not.toEqual(made);
  });

  test("has the whole weights in evaluation, the weight as its one parameter, and needs a key", () => {
    expect(tensorAt(weightsOf({ params: specs }, params), "W")).toBe(tensorAt(params, "W"));
    expect(specsOf(specs).map(({ path }) => path)).toEqual(["W", "b"]);
    expect(() => weightsOf({ params: specs }, params, { training: true })).toThrow(
      "dropConnect of W: training with randomness needs a key; pass { training: true, key: key(seed) }",
    );
    expect(() => dropConnect(1)).toThrow("dropConnect: the rate must lie in [0, 1), got 1");
  });

  test("each weight, and each of two on one weight, draws for itself", () => {
    const ones = (shape: readonly number[]) =>
      kernel(shape, {
        initializer: (_, of) =>
          array(convert(tensor(new Float64Array(of[0]! * of[1]!).fill(1), of, { dtype: "f64" }), "f64")),
      });
    const twice = {
      V: reparametrized(ones([20, 30]), dropConnect(0.5), dropConnect(0.5)),
      W: reparametrized(ones([20, 30]), dropConnect(0.5)),
    };
    const made = weightsOf({ params: twice }, initialTree(twice, key(1)), { training: true, key: key(3) });
    const [V, own] = [numbers(tensorAt(made, "V")), numbers(tensorAt(made, "W"))];
    // Were both masks one, half of the weights would be 4.
    expect(V.filter((v) => v === 4).length / 600).toBeCloseTo(0.25, 1);
    expect(V.every((v) => v === 0 || v === 4)).toBe(true);
    const both = V.filter((v, i) => v !== 0 && own[i] !== 0).length / 600;
    expect(both).toBeCloseTo(0.125, 1);
  });
});

describe("spectralNorm", () => {
  const specs = { W: reparametrized(kernel([5, 3]), spectralNorm()) };
  const params = initialTree(specs, key(1), { dtype: "f64" });
  const initial = initialBuffers(weightBuffers(specs), { dtype: "f64" });
  const W = numbers(tensorAt(params, "W"));
  /** One step of the power iteration, in plain loops: the next u, and the largest singular value by it. */
  const iterated = (u: readonly number[]): { u: number[]; largest: number } => {
    const unit = (x: readonly number[]): number[] => x.map((v) => v / Math.hypot(...x));
    const along = (x: readonly number[]): number[] =>
      [0, 1, 2, 3, 4].map((i) => x.reduce((total, v, j) => total + W[i * 3 + j]! * v, 0));
    const back = (y: readonly number[]): number[] =>
      [0, 1, 2].map((j) => y.reduce((total, v, i) => total + W[i * 3 + j]! * v, 0));
    const next = unit(back(along(unit(u))));
    return { u: next, largest: Math.hypot(...along(next)) };
  };

  test("divides by the largest singular value, one step of power iteration for each step of training", () => {
    let [buffers, expected] = [initial, numbers(tensorAt(initial, "W.spectralNorm.u"))];
    let largest = 0;
    for (let step = 0; step < 60; step++) {
      const made = makeWeights({ params: specs }, params, { training: true, buffers });
      ({ u: expected, largest } = iterated(expected));
      numbers(tensorAt(made.buffers, "W.spectralNorm.u")).forEach((v, j) => expect(v).toBeCloseTo(expected[j]!, 12));
      numbers(tensorAt(made.weights, "W")).forEach((v, k) => expect(v).toBeCloseTo(W[k]! / largest, 12));
      buffers = made.buffers;
    }
    // It has converged: nothing is left of W^T W u but u.
    expect(iterated(expected).largest).toBeCloseTo(largest, 12);
    const whole = weightsOf({ params: specs }, params, { buffers });
    numbers(tensorAt(whole, "W")).forEach((v, k) => expect(v).toBeCloseTo(W[k]! / largest, 12));
    const three = { W: reparametrized(kernel([5, 3]), spectralNorm({ iterations: 3 })) };
    const made = makeWeights({ params: three }, params, { training: true, buffers: initial });
    const thrice = iterated(iterated(iterated(numbers(tensorAt(initial, "W.spectralNorm.u"))).u).u).u;
    numbers(tensorAt(made.buffers, "W.spectralNorm.u")).forEach((v, j) => expect(v).toBeCloseTo(thrice[j]!, 12));
  });

  test("has buffers that evaluation leaves as they are, and needs them", () => {
    const made = makeWeights({ params: specs }, params, { buffers: initial });
    expect(made.buffers).toBe(initial);
    expect(() => weightsOf({ params: specs }, params)).toThrow("W.spectralNorm.u");
    expect(specsOf(specs).map(({ path }) => path)).toEqual(["W"]);
    const two = { a: { U: reparametrized(kernel([5, 3]), spectralNorm(), dropConnect(0.5)) }, b: bias([3]) };
    expect(leavesOf(initialBuffers(weightBuffers(two))).map(({ path }) => path)).toEqual(["a.U.spectralNorm.u"]);
  });

  test("has the gradient of the differences by the weight, with u as it is", () => {
    const by = normal(key(3), [5, 3], { dtype: "f64" });
    assertGradient(
      (p: Tree): Tensor => sum(mul(tensorAt(weightsOf({ params: specs }, p, { buffers: initial }), "W"), by)),
      params,
    );
  });

  test("leaves zeros, and says what it cannot be used for", () => {
    const zero = { W: zerosLike(tensorAt(params, "W")) };
    expect(numbers(tensorAt(weightsOf({ params: specs }, zero as Tree, { buffers: initial }), "W"))).toEqual(
      W.map(() => 0),
    );
    expect(() => reparametrized(bias([3]), spectralNorm())).toThrow(
      "spectralNorm: expected weights [input, units], got [3]",
    );
    expect(() => spectralNorm({ iterations: 0 })).toThrow("spectralNorm: expected at least 1 iteration, got 0");
    expect(() => reparametrized(kernel([5, 3], { regularizer: l2(1) }), spectralNorm())).toThrow(
      "spectralNorm: the weight has a regularizer, but penalties are computed without the weight's buffers",
    );
    expect(() => reparametrized(kernel([5, 3]), spectralNorm(), spectralNorm())).toThrow("spectralNorm is given twice");
  });
});

/** As a user would write one: w = sign(r) r^2. */
const signedSquare: Reparametrization<{ readonly root: Tensor }> = {
  name: "signedSquare",
  params: (weight) => ({ root: weight }),
  initial: (weight) => ({ root: mul(sign(weight), sqrt(abs(weight))) }),
  weight: ({ root }) => mul(root, abs(root)),
};

const all: readonly (readonly [string, readonly Reparametrization[]])[] = [
  ["weightNorm", [weightNorm()]],
  ["orthogonalParametrization", [orthogonalParametrization()]],
  ["dropConnect", [dropConnect(0.5)]],
  ["weightNorm, dropConnect", [weightNorm(), dropConnect(0.5)]],
  ["dropConnect, weightNorm", [dropConnect(0.2), weightNorm()]],
  ["orthogonalParametrization, weightNorm", [orthogonalParametrization(), weightNorm()]],
  ["a user's own", [signedSquare]],
  ["a user's own, weightNorm", [signedSquare, weightNorm()]],
];

describe.each(all)("%s", (_, by) => {
  const specs = { W: reparametrized(recurrentKernel([4, 3]), ...by) };

  test("has the gradient of the differences", () => {
    const params = initialTree(specs, key(2), { dtype: "f64" });
    const by = normal(key(3), [4, 3], { dtype: "f64" });
    const value = (p: Tree): Tensor =>
      sum(mul(tensorAt(weightsOf({ params: specs }, p, { training: true, key: key(4) }), "W"), by));
    assertGradient(value, params);
  });

  test("begins with the weights of the plain spec", () => {
    const { weights } = begun(specs, 5);
    const plain = numbers(initialize({ W: recurrentKernel([4, 3]) }, key(5), { dtype: "f64" }).W);
    plain.forEach((v, i) => expect(numbers(tensorAt(weights, "W"))[i]).toBeCloseTo(v, 6));
  });

  test("parametersOf finds parameters of weights from elsewhere", () => {
    const W = initialize({ W: recurrentKernel([4, 3]) }, key(8)).W;
    const params = parametersOf({ params: specs }, { W } as Tree);
    expect(leavesOf(params).every(({ tensor: x }) => x.dtype === "f32")).toBe(true);
    numbers(W).forEach((v, i) =>
      expect(numbers(tensorAt(weightsOf({ params: specs }, params), "W"))[i]).toBeCloseTo(v, 6),
    );
  });
});

test("two on one weight act in their order", () => {
  const W = recurrentKernel([4, 3]);
  const names = (...by: Reparametrization[]): string[] =>
    specsOf({ W: reparametrized(W, ...by) }).map(({ path }) => path);
  expect(names(weightNorm(), dropConnect(0.5))).toEqual(["W.direction", "W.gain"]);
  expect(names(orthogonalParametrization(), weightNorm())).toEqual(["W.direction.reflectors", "W.gain"]);
  // What is dropped of a direction is made up for by the others of its unit: the lengths stay.
  const specs = { W: reparametrized(W, dropConnect(0.4), weightNorm()) };
  const params = initialTree(specs, key(1), { dtype: "f64" });
  const made = numbers(tensorAt(weightsOf({ params: specs }, params, { training: true, key: key(2) }), "W"));
  expect(made.some((v) => v === 0)).toBe(true);
  for (let j = 0; j < 3; j++) expect(Math.hypot(...[0, 1, 2, 3].map((i) => made[i * 3 + j]!))).toBeCloseTo(1, 6);
  expect(reparametrized(reparametrized(W, weightNorm()), dropConnect(0.5)).by.map(({ name }) => name)).toEqual([
    "weightNorm",
    "dropConnect",
  ]);
});

test("a regularizer acts on the weight, a constraint on a parameter of the weight's own", () => {
  const specs = { W: reparametrized(kernel([4, 3], { regularizer: l2(0.5) }), weightNorm()), b: bias([3]) };
  const { params, weights } = begun(specs);
  const expected = 0.5 * numbers(tensorAt(weights, "W")).reduce((total, v) => total + v * v, 0);
  expect(numbers(regularization({ params: specs }, params))[0]).toBeCloseTo(expected, 12);
  expect(parameterCount({ params: specs })).toBe(12 + 3 + 3);

  const constrained = kernel([4, 3], { constraint: maxNorm(0.1) });
  expect(() => reparametrized(constrained, weightNorm())).toThrow("weightNorm: the weight has a constraint");
  const dropped = { W: reparametrized(constrained, dropConnect(0.5)) };
  const projected = constrain({ params: dropped }, initialTree(dropped, key(1)));
  expect(Math.hypot(...[0, 1, 2, 3].map((i) => valuesOf(tensorAt(projected, "W"))[i * 3]!))).toBeCloseTo(0.1, 6);
});

test("what is not a reparametrization, or does not fit, is named", () => {
  expect(() => reparametrized(kernel([2, 2]))).toThrow("reparametrized: expected at least one reparametrization");
  expect(() => reparametrized(kernel([2, 2]), weightNorm as unknown as Reparametrization)).toThrow(
    "reparametrized: the reparametrization is the function weightNorm, expected the result of weightNorm(): call it",
  );
  const specs = { W: reparametrized(kernel([2, 2]), weightNorm()) };
  expect(() => weightsOf({ params: specs }, { W: tensor([1, 2, 3, 4], [2, 2]) } as Tree)).toThrow(
    "makeWeights: the parameters do not fit: no W.direction, expected [2,2]; no W.gain, expected [2]; unexpected W [2,2]",
  );
  const wrong: Reparametrization<Tensor> = {
    name: "transposed",
    params: (weight) => weight,
    initial: (weight) => weight,
    weight: (w) => sum(w, 0),
  };
  const bad = { V: reparametrized(kernel([2, 3]), wrong) };
  expect(() => weightsOf({ params: bad }, initialTree(bad, key(1)))).toThrow(
    "transposed of V: the weight must be [2,3], got [3]",
  );
  const none: Reparametrization<Tree> = { ...wrong, initial: (w) => ({ other: zerosLike(w) }) };
  expect(() => initialTree({ V: reparametrized(kernel([2, 3]), none) }, keyFor(key(1), "x"))).toThrow(
    "transposed of V: the initial values do not fit",
  );
});
