import { expect, test } from "vitest";
import { grad } from "../gradient/grad.ts";
import { sum } from "../primitives/reduce.ts";
import { tensor, valuesOf, type Tensor } from "../tensor.ts";
import { elu, logSigmoid, softplus } from "./activations.ts";

const x = tensor([-800, -1, 0, 1, 800], undefined, { dtype: "f64" });
const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

test("softplus and logSigmoid have their derivatives everywhere, 0 included, to second order", () => {
  const slope = grad((v: Tensor) => sum(softplus(v)));
  const curvature = grad((v: Tensor) => sum(slope(v)));
  const expected = [...valuesOf(x)];
  valuesOf(slope(x)).forEach((d, i) => expect(d).toBeCloseTo(sigmoid(expected[i]!), 14));
  valuesOf(curvature(x)).forEach((d, i) => expect(d).toBeCloseTo(sigmoid(expected[i]!) * sigmoid(-expected[i]!), 14));
  valuesOf(grad((v: Tensor) => sum(logSigmoid(v)))(x)).forEach((d, i) => expect(d).toBeCloseTo(sigmoid(-expected[i]!), 14));
});

test("elu has the derivative 1 at 0", () => {
  expect([...valuesOf(grad((v: Tensor) => sum(elu(v)))(tensor([-800, 0, 2])))]).toEqual([0, 1, 1]);
});
