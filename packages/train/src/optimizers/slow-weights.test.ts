// Weights beside the fast ones, lookahead's and averages, to plain loops over f64 numbers.
import { chain, skipNonFinite, type GradientTransform } from "@sluice/clip";
import { item, key, scalar, sub, tensor, zipTrees, type Tensor, type Tree } from "@sluice/tensor";
import { expect, test } from "vitest";
import { averagedWeights, ema, lookahead, sgd, swa, trainer } from "../index.ts";

const gradients = [0.5, -1, 2, 0.25, -0.75, 1.5, 3, -2, 0.125];
const rate = 0.1;
const f64 = (x: number): Tensor => tensor([x], undefined, { dtype: "f64" });

interface Step {
  readonly params: { readonly w: Tensor };
  readonly optimizer: Tree;
}

/** Parameters and state after each step from w = 1. */
function run(optimizer: GradientTransform, given = gradients): Step[] {
  let params = { w: f64(1) };
  let state = optimizer.init(params);
  return given.map((g, step) => {
    const context = { key: key(0), step: scalar(step, "i32"), loss: scalar(0) };
    const result = optimizer.update({ w: f64(g) }, state, params, context);
    state = result.state;
    if (result.skip === undefined || item(result.skip) === 0) params = zipTrees(params, result.gradients, sub);
    return { params, optimizer: state };
  });
}

/** The weights of plain gradient descent after each step. */
const descent = gradients.map((_, t) => gradients.slice(0, t + 1).reduce((w, g) => w - rate * g, 1));

test.each([
  [5, 0.5],
  [3, 0.8],
  [1, 0.25],
])("lookahead with k = %d, alpha = %d", (every, alpha) => {
  let [theta, phi] = [1, 1];
  const expected = gradients.map((g, t) => {
    theta -= rate * g;
    if ((t + 1) % every === 0) theta = phi += alpha * (theta - phi);
    return theta;
  });
  run(lookahead(sgd({ learningRate: rate }), { every, alpha })).forEach(({ params }, t) =>
    expect(item(params.w)).toBeCloseTo(expected[t]!, 14),
  );
});

test("ema averages the weights after each step, from the first one's", () => {
  const decay = 0.8;
  let a = descent[0]!;
  const expected = descent.map((w, t) => (t === 0 ? a : (a = decay * a + (1 - decay) * w)));
  run(chain(sgd({ learningRate: rate }), ema({ decay }))).forEach((state, t) => {
    expect(item(state.params.w)).toBeCloseTo(descent[t]!, 14);
    expect(item(averagedWeights(state).w)).toBeCloseTo(expected[t]!, 14);
  });
});

test.each([
  [1, 1],
  [3, 2],
  [4, 3],
])("swa from step %d, every %d", (start, every) => {
  run(chain(sgd({ learningRate: rate }), swa({ start, every }))).forEach((state, t) => {
    const chosen = descent.slice(0, t + 1).filter((_, i) => i + 1 >= start && (i + 1 - start) % every === 0);
    const mean = chosen.length === 0 ? descent[t]! : chosen.reduce((sum, w) => sum + w, 0) / chosen.length;
    expect(item(averagedWeights(state).w)).toBeCloseTo(mean, 14);
  });
});

test("a skipped step is not averaged, and is none of lookahead's steps", () => {
  const withSkipped = [gradients[0]!, NaN, ...gradients.slice(1)];
  const optimizer = chain(
    skipNonFinite(),
    lookahead(sgd({ learningRate: rate }), { every: 2 }),
    ema({ decay: 0.5 }),
    swa({ start: 2, every: 3 }),
  );
  const [skipped, plain] = [run(optimizer, withSkipped).at(-1)!, run(optimizer).at(-1)!];
  expect(item(skipped.params.w)).toBe(item(plain.params.w));
  expect(item(averagedWeights(skipped).w)).toBe(item(averagedWeights(plain).w));
});

test("a trainer's state has the averaged weights", async () => {
  const training = await trainer({
    loss: ({ w }: { w: Tensor }, x: Tensor) => ({ loss: sub(w, x) }),
    optimizer: chain(lookahead(sgd({ learningRate: 0.5 }), { every: 2 }), ema({ decay: 0.5 })),
    params: { w: scalar(1) },
    key: key(1),
    batch: scalar(2),
  });
  for (let step = 0; step < 3; step++) await training.run(scalar(2));
  // w: 1, then 0.5, (0 ->) 0.5, 0; averages: 0.5, 0.5, 0.25
  expect(item((await training.params()).w)).toBe(0);
  expect(item(averagedWeights(await training.state()).w)).toBe(0.25);
});

test("what does not fit is named", () => {
  expect(() => lookahead(sgd({ learningRate: 1 }), { every: 0 })).toThrow(
    "lookahead: expected an integer every >= 1, got 0",
  );
  expect(() => lookahead(sgd({ learningRate: 1 }), { alpha: 0 })).toThrow("lookahead: expected alpha in (0, 1], got 0");
  expect(() => ema({ decay: 1 })).toThrow("ema: expected decay in [0, 1), got 1");
  expect(() => swa({ start: 0 })).toThrow("swa: expected an integer start >= 1, got 0");
  expect(() => averagedWeights({ params: {}, optimizer: {} })).toThrow(
    "averagedWeights: the optimizer keeps no average",
  );
});
