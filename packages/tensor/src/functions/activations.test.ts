import { describe, expect, test } from "vitest";
import type { DType } from "../dtype.ts";
import { assertGradient } from "../gradient/check.ts";
import { grad } from "../gradient/grad.ts";
import { sum } from "../primitives/reduce.ts";
import { exp, expm1, pow, sigmoid, tanh } from "../primitives/transcendental.ts";
import { item, scalar, tensor, valuesOf, type Tensor } from "../tensor.ts";
import { elu, gelu, hardSigmoid, logSigmoid, relu, silu, softplus, softsign } from "./activations.ts";

const x = tensor([-800, -1, 0, 1, 800], undefined, { dtype: "f64" });
const logistic = (v: number): number => 1 / (1 + Math.exp(-v));

test("softplus and logSigmoid have their derivatives everywhere, 0 included, to second order", () => {
  const slope = grad((v: Tensor) => sum(softplus(v)));
  const curvature = grad((v: Tensor) => sum(slope(v)));
  const expected = [...valuesOf(x)];
  valuesOf(slope(x)).forEach((d, i) => expect(d).toBeCloseTo(logistic(expected[i]!), 14));
  valuesOf(curvature(x)).forEach((d, i) => expect(d).toBeCloseTo(logistic(expected[i]!) * logistic(-expected[i]!), 14));
  valuesOf(grad((v: Tensor) => sum(logSigmoid(v)))(x)).forEach((d, i) =>
    expect(d).toBeCloseTo(logistic(-expected[i]!), 14),
  );
});

test("elu has the derivative 1 at 0", () => {
  expect([...valuesOf(grad((v: Tensor) => sum(elu(v)))(tensor([-800, 0, 2])))]).toEqual([0, 1, 1]);
});

// x and exp(x) - 1, computed with 300 bits (mpmath 1.4.1) and rounded to double precision. The first are values of f32.
const exponentials: Readonly<Record<"f32" | "f64", readonly (readonly [number, number])[]>> = {
  f32: [
    [-1.401298464324817e-45, -1.401298464324817e-45],
    [-1.0000000031710769e-30, -1.0000000031710769e-30],
    [-9.99999993922529e-9, -9.999999889225291e-9],
    [-2.9999999242136255e-5, -2.9999549246658956e-5],
    [-0.0010000000474974513, -0.000999500214074986],
    [-0.10000000149011612, -0.09516258331235325],
    [-0.3465000092983246, -0.29284118728812086],
    [-0.3467000126838684, -0.2929826073020682],
    [-0.5, -0.3934693402873666],
    [-0.6930999755859375, -0.49997639695590995],
    [-1, -0.6321205588285577],
    [-1.5, -0.7768698398515702],
    [-5, -0.9932620530009145],
    [-17, -0.9999999586006229],
    [-30, -0.9999999999999064],
  ],
  f64: [
    [-1e-300, -1e-300],
    [-1e-18, -1e-18],
    [-1e-9, -9.999999995e-10],
    [-0.0001, -9.999500016666251e-5],
    [-0.02, -0.0198013266932447],
    [-0.3, -0.2591817793182821],
    [-0.35, -0.29531191028128656],
    [-0.7, -0.5034146962085905],
    [-2.0, -0.8646647167633873],
    [-12.0, -0.9999938557876467],
    [-36.0, -0.9999999999999998],
  ],
};

describe.each(["f32", "f64"] as const)("in %s", (dtype) => {
  const epsilon = dtype === "f32" ? 2 ** -23 : 2 ** -52;

  test("elu and expm1 are within 2 units in the last place of exp(x) - 1, and elu's derivative within 2 of exp(x)", () => {
    const pairs = exponentials[dtype];
    const at = tensor(
      pairs.map(([v]) => v),
      undefined,
      { dtype },
    );
    const slope = valuesOf(grad((v: Tensor) => sum(elu(v)))(at));
    for (const f of [elu, expm1]) {
      // A unit in the last place is at least epsilon / 2 of the value; of a denormal it is 2^-149.
      valuesOf(f(at)).forEach((y, i) =>
        expect(Math.abs(y - pairs[i]![1]), `at ${pairs[i]![0]}`).toBeLessThanOrEqual(epsilon * Math.abs(pairs[i]![1])),
      );
    }
    slope.forEach((d, i) => expect(Math.abs(d / Math.exp(pairs[i]![0]) - 1)).toBeLessThanOrEqual(2 * epsilon));
  });

  test("expm1 has the derivative exp(x), to second order, at zeros and infinities too", () => {
    const slope = grad((v: Tensor) => sum(expm1(v)));
    const at = tensor([-Infinity, -30, -0, 0, 1, Infinity], undefined, { dtype });
    for (const derivative of [slope, grad((v: Tensor) => sum(slope(v)))])
      expect([...valuesOf(derivative(at))]).toEqual([...valuesOf(exp(at))]);
    expect([...valuesOf(expm1(at))].filter((_, i) => i !== 1 && i !== 4)).toEqual([-1, -0, 0, Infinity]);
  });
});

test.each<[string, (x: Tensor) => Tensor]>([
  ["expm1", expm1],
  ["elu", elu],
  ["silu", silu],
  ["gelu", gelu],
  ["gelu by tanh", (v) => gelu(v, { approximate: "tanh" })],
  ["softsign", softsign],
])("the derivatives of %s are those of its values", (_, f) => {
  const at = tensor([-30, -2, -0.4, -1e-3, 1e-3, 0.3, 0.8, 3], undefined, { dtype: "f64" });
  assertGradient((v: Tensor) => sum(f(v)), at);
  assertGradient((v: Tensor) => sum(grad((w: Tensor) => sum(f(w)))(v)), at);
});

describe.each<[string, (x: Tensor) => Tensor, (largest: number) => readonly number[], readonly number[]]>([
  // Values and derivatives at -infinity, -largest, 0, largest and infinity.
  ["relu", relu, (m) => [0, 0, 0, m, Infinity], [0, 0, 0, 1, 1]],
  ["elu", elu, (m) => [-1, -1, 0, m, Infinity], [0, 0, 1, 1, 1]],
  ["softplus", softplus, (m) => [0, 0, Math.log(2), m, Infinity], [0, 0, 0.5, 1, 1]],
  ["logSigmoid", logSigmoid, (m) => [-Infinity, -m, -Math.log(2), 0, 0], [1, 1, 0.5, 0, 0]],
  ["softsign", softsign, () => [-1, -1, 0, 1, 1], [0, 0, 1, 0, 0]],
  ["silu", silu, (m) => [0, 0, 0, m, Infinity], [0, 0, 0.5, 1, 1]],
  ["gelu", gelu, (m) => [0, 0, 0, m, Infinity], [0, 0, 0.5, 1, 1]],
  ["gelu by tanh", (v) => gelu(v, { approximate: "tanh" }), (m) => [0, 0, 0, m, Infinity], [0, 0, 0.5, 1, 1]],
  ["hardSigmoid", hardSigmoid, () => [0, 0, 0.5, 1, 1], [0, 0, 1 / 6, 0, 0]],
  ["sigmoid", sigmoid, () => [0, 0, 0.5, 1, 1], [0, 0, 0.25, 0, 0]],
  ["tanh", tanh, () => [-1, -1, 0, 1, 1], [0, 0, 1, 0, 0]],
])("%s", (_, f, valuesAt, derivatives) => {
  test.each<[DType, number]>([
    ["f32", Math.fround(3e38)],
    ["f64", 1e308],
  ])("in %s is what it tends to at infinities and the largest numbers, with its derivative", (dtype, largest) => {
    const at = tensor([-Infinity, -largest, 0, largest, Infinity], undefined, { dtype });
    const rounded = (x: number): number => (dtype === "f32" ? Math.fround(x) : x);
    expect([...valuesOf(f(at))].map((y) => y + 0)).toEqual(valuesAt(largest).map(rounded));
    expect([...valuesOf(grad((v: Tensor) => sum(f(v)))(at))].map((d) => d + 0)).toEqual(derivatives.map(rounded));
    expect([...valuesOf(f(tensor([NaN], undefined, { dtype })))]).toEqual([NaN]);
  });
});

// Phi from Abramowitz and Stegun, table 26.1.
test.each([
  [-3, 0.00134989803163],
  [-1, 0.15865525393146],
  [0.5, 0.69146246127401],
  [2, 0.97724986805182],
])("gelu(%d) is x Phi(x), and by tanh it is the published approximation", (v, phi) => {
  const at = tensor([v], undefined, { dtype: "f64" });
  expect(valuesOf(gelu(at))[0]).toBeCloseTo(v * phi, 13);
  const cubic = 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
  expect(valuesOf(gelu(at, { approximate: "tanh" }))[0]).toBeCloseTo(cubic, 14);
  expect(Math.abs(cubic - v * phi)).toBeLessThan(1e-3);
});

test("gelu names what it was given", () => {
  expect(() => gelu(x, { approximate: "sigmoid" as "tanh" })).toThrow(
    'gelu: approximate is "sigmoid", expected "none" or "tanh"',
  );
});

describe("the gradient of pow", () => {
  const slopes = (a: number, b: number): number[] =>
    grad(([u, v]: readonly [Tensor, Tensor]) => sum(pow(u, v)))([scalar(a, "f64"), scalar(b, "f64")]).map((g) =>
      item(g),
    );

  test.each([
    [0, 0, 0, 0],
    [0, 1, 1, 0],
    [0, 2, 0, 0],
    [-2, 3, 12, NaN],
    [-2, 0, 0, NaN],
    [1, 5, 5, 0],
  ])("at %d to the power %d", (a, b, byBase, byExponent) => {
    expect(slopes(a, b).map((d) => d + 0)).toEqual([byBase, byExponent]);
  });

  test("by a number is finite at 0, to third order", () => {
    let f = (v: Tensor): Tensor => sum(pow(v, 2));
    const found = [0, 1, 2].map(() => {
      const slope = grad(f);
      f = (v) => sum(slope(v));
      return [...valuesOf(slope(tensor([0, -3])))].map((d) => d + 0);
    });
    expect(found).toEqual([
      [0, -6],
      [2, 2],
      [0, 0],
    ]);
  });
});
