import {
  compileStep,
  item,
  key,
  leavesOf,
  scalar,
  sub,
  tensor,
  tensorsOf,
  valuesOf,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { chain, type GradientTransform, type UpdateContext } from "@sluice/clip";
import { describe, expect, test } from "vitest";
import {
  adadelta,
  adafactor,
  adagrad,
  adam,
  adamax,
  adamw,
  descend,
  exponential,
  lion,
  momentum,
  nadam,
  radam,
  rmsprop,
  sgd,
  weightDecay,
} from "../index.ts";
import { biasCorrection } from "./bias-correction.ts";
import { squarable } from "./squarable.ts";

const at = (step: number): UpdateContext => ({ key: key(0), step: scalar(step, "i32"), loss: scalar(0) });

/** The parameter after each step from 1 with the given gradients, in f64. */
function path(optimizer: GradientTransform, gradients: number[]): number[] {
  let params: { w: Tensor } = { w: tensor([1], undefined, { dtype: "f64" }) };
  let state = optimizer.init(params);
  return gradients.map((g, step) => {
    const result = optimizer.update({ w: tensor([g], undefined, { dtype: "f64" }) as Tensor }, state, params, at(step));
    state = result.state;
    params = zipTrees(params, result.gradients, sub);
    return item(params.w);
  });
}

test("the bias correction holds 1 - beta^t to 3e-7 in f32 and 1e-13 in f64, from the first step to the last", () => {
  for (const beta of [0, 0.5, 0.9, 0.999, 0.9999]) {
    for (const t of [1, 2, 3, 10, 100, 1000, 10_000, 1_000_000]) {
      const exact = -Math.expm1(t * Math.log(beta));
      expect(Math.abs(item(biasCorrection(beta, scalar(t, "f32"))) - exact) / exact).toBeLessThan(3e-7);
      expect(Math.abs(item(biasCorrection(beta, scalar(t, "f64"))) - exact) / exact).toBeLessThan(1e-13);
    }
  }
});

test("adam in f32 stays within 1e-5 of f64 over 1000 steps", async () => {
  const after = async (dtype: "f32" | "f64"): Promise<number[]> => {
    const optimizer = adam({ learningRate: 0.001 });
    const params: { w: Tensor } = { w: tensor([1, -2, 3], undefined, { dtype }) };
    const session = await compileStep(
      (state: { params: { w: Tensor }; optimizer: Tree }, gradients: { w: Tensor }) => {
        const result = optimizer.update(gradients, state.optimizer, state.params, at(0));
        return {
          state: { params: zipTrees(state.params, result.gradients, sub), optimizer: result.state },
          output: [],
        };
      },
      { params, optimizer: optimizer.init(params) },
      [params],
    );
    for (let t = 0; t < 1000; t++) {
      const g = [0, 1, 2].map((i) => (((t * 37 + i * 11) % 17) - 6) / 8);
      await session.run({ w: tensor(g, undefined, { dtype }) });
    }
    return [...valuesOf((await session.state()).params.w)];
  };
  const [single, double] = [await after("f32"), await after("f64")];
  single.forEach((x, i) => expect(Math.abs(x - double[i]!) / 3).toBeLessThan(1e-5));
});

test("a schedule sees the steps made", () => {
  const steps = path(sgd({ learningRate: exponential({ start: 1, factor: 0.5 }) }), [1, 1, 1]);
  [0, -0.5, -0.75].forEach((x, i) => expect(steps[i]).toBeCloseTo(x, 14));
});

test("an optimizer put together from public members is the built-in one", () => {
  const gradients = [0.5, -1, 2, 0.25];
  expect(path(chain(weightDecay(0.1), momentum(0.9, { nesterov: true }), descend(0.01)), gradients)).toEqual(
    path(sgd({ learningRate: 0.01, momentum: 0.9, nesterov: true, weightDecay: 0.1 }), gradients),
  );
});

test("`decays` chooses the parameters that decay", () => {
  const params = { W: tensor([1, 1], [1, 2]), b: tensor([1, 1]) };
  const optimizer = adamw({ learningRate: 0.1, weightDecay: 0.5, decays: (_, w) => w.shape.length > 1 });
  const zero = { W: tensor([0, 0], [1, 2]), b: tensor([0, 0]) };
  const { gradients } = optimizer.update(zero, optimizer.init(params), params, at(0));
  expect(valuesOf(gradients.W)[0]).toBeCloseTo(0.05, 7);
  expect(valuesOf(gradients.b)[0]).toBeCloseTo(0, 7);
});

test("bad options are named", () => {
  expect(() => adam({ lr: 1 } as never)).toThrow(/adam: unknown option lr; did you mean learningRate/);
  expect(() => adam({ learningRate: 0.1, beta2: 1 })).toThrow("adam: expected beta2 in [0, 1), got 1");
  expect(() => momentum(0.9, { nestrov: true } as object)).toThrow(
    "momentum: unknown option nestrov; did you mean nesterov?",
  );
  expect(() => weightDecay(0.1, { decays: () => true } as object)).toThrow(
    "weightDecay: unknown option decays; did you mean of?",
  );
  expect(() => sgd({ learningRate: -1 })).toThrow("descend: expected a finite learningRate >= 0, got -1");
  expect(() => sgd({ learningRate: 1, nesterov: true })).toThrow("sgd: nesterov needs a momentum above 0");
});

test("lion, to the paper's algorithm", () => {
  const [eta, beta1, beta2, lambda] = [0.01, 0.7, 0.95, 0.1];
  const gradients = [0.5, -0.25, -0.5, 0, 2, -3, -1];
  let [w, m] = [1, 0];
  const expected = gradients.map((g) => {
    const c = beta1 * m + (1 - beta1) * g;
    w -= eta * (Math.sign(c) + lambda * w);
    m = beta2 * m + (1 - beta2) * g;
    return w;
  });
  path(lion({ learningRate: eta, beta1, beta2, weightDecay: lambda }), gradients).forEach((x, i) =>
    expect(x).toBeCloseTo(expected[i]!, 14),
  );
});

test("radam's rho_t, from the mean age of the squares, is that of its formula, in f32 too", () => {
  const [beta2, steps] = [0.999, 3000];
  let state = radam({ learningRate: 0.1, beta2 }).init({ w: scalar(0) });
  const optimizer = radam({ learningRate: 0.1, beta2 });
  for (let t = 1; t <= steps; t++) {
    state = optimizer.update({ w: scalar(1) }, state, { w: scalar(0) }, at(t - 1)).state;
    const age = leavesOf(state).find(({ path: name }) => name === "rectified.age");
    const exact = 2 / (1 - beta2) - 1 - (2 * t * beta2 ** t) / (1 - beta2 ** t);
    if (age === undefined || t % 500 > 6) continue;
    expect(Math.abs(1 + 2 * item(age.tensor) - exact) / exact).toBeLessThan(1e-5);
  }
});

test("bad options of the further optimizers are named", () => {
  const learningRate = 0.1;
  expect(() => adagrad({ learningRate, initialSum: -1 })).toThrow("adagrad: expected a finite initialSum >= 0, got -1");
  expect(() => adadelta({ rho: 1 })).toThrow("adadelta: expected rho in [0, 1), got 1");
  expect(() => adamax({ learningRate, eps: 1 } as never)).toThrow("adamax: unknown option eps; did you mean epsilon?");
  expect(() => nadam({ learningRate, momentumDecay: -1 })).toThrow("nadam: expected a finite momentumDecay >= 0");
  expect(() => radam({ learningRate, beta1: 2 })).toThrow("radam: expected beta1 in [0, 1), got 2");
  expect(() => lion({ learningRate, decoupled: true } as never)).toThrow("lion: unknown option decoupled");
  expect(() => adafactor({ clip: 0 })).toThrow("adafactor: expected clip above 0, got 0");
});

describe.each([
  ["adam", () => adam({ learningRate: 0.1 })],
  ["adam with amsgrad", () => adam({ learningRate: 0.1, amsgrad: true })],
  ["adamw", () => adamw({ learningRate: 0.1 })],
  ["adagrad", () => adagrad({ learningRate: 0.1 })],
  ["adadelta", () => adadelta({ learningRate: 100 })],
  ["adamax", () => adamax({ learningRate: 0.1 })],
  ["nadam", () => nadam({ learningRate: 0.1 })],
  ["lion", () => lion({ learningRate: 0.1 })],
  ["rmsprop", () => rmsprop({ learningRate: 0.1, rho: 0.9 })],
  ["rmsprop, centred, with momentum", () => rmsprop({ learningRate: 0.1, centred: true, momentum: 0.5 })],
] as const)("%s in f32, gradients whose squares do not fit", (_, make) => {
  test.each([1e25, -1e30, 3e38])("%d: the state stays finite and the weight moves at every step", (g) => {
    const optimizer = make();
    let params: { readonly w: Tensor } = { w: tensor([1]) };
    let state = optimizer.init(params);
    for (let step = 0; step < 20; step++) {
      const result = optimizer.update({ w: tensor([g]) as Tensor }, state, params, at(step));
      const move = item(result.gradients.w);
      expect(Number.isFinite(move)).toBe(true);
      expect(Math.sign(move)).toBe(Math.sign(g));
      expect(Math.abs(move)).toBeGreaterThan(0.05);
      for (const part of tensorsOf(result.state)) expect([...valuesOf(part)].every(Number.isFinite)).toBe(true);
      state = result.state;
      params = zipTrees(params, result.gradients, sub);
    }
  });
});

test("gradients whose squares fit have the bits that they had without the limit", () => {
  for (const g of [1, -0, 1e-40, 9.2e18, -9.2e18]) {
    const x = tensor([g]);
    expect(new Uint32Array(valuesOf(squarable(x)).slice().buffer)).toEqual(new Uint32Array(valuesOf(x).slice().buffer));
  }
  expect(item(squarable(tensor([NaN])))).toBeNaN();
});
