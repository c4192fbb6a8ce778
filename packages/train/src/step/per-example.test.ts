import { bidirectional, dense, gru, lstm, sequence, sequential, variationalDropout, zoneout } from "@sluice/cells";
import { chain, globalNorm, skipNonFinite, treeNorm, value, type GradientTransform } from "@sluice/clip";
import { layerNorm } from "@sluice/norm";
import {
  add,
  gather,
  grad,
  greater,
  item,
  key,
  keyAt,
  keyFor,
  leavesOf,
  mapTree,
  matmul,
  mean,
  mul,
  normal,
  reference,
  scalar,
  slice,
  square,
  sub,
  sum,
  tensor,
  valuesOf,
  zipTrees,
  type Backend,
  type DType,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test, vi } from "vitest";
import {
  crossEntropy,
  descend,
  gradientNoise,
  mse,
  perExample,
  sgd,
  trainer,
  trainStep,
  type LossContext,
} from "../index.ts";

vi.setConfig({ testTimeout: 120_000 });

const [rows, time, input, hidden, classes] = [4, 6, 3, 5, 3];
const limit = 1.5;

type Batch = { readonly x: Tensor; readonly y: Tensor; readonly lengths: Tensor; readonly weight: Tensor };
const batchOf = (dtype: DType): Batch => ({
  x: normal(key(3), [rows, time, input], { dtype }),
  y: tensor(Int32Array.of(0, 2, 1, 1)),
  lengths: tensor(Int32Array.of(6, 4, 6, 1)),
  weight: tensor([1, 1, 0, 1], undefined, { dtype }),
});

/** Two layers with normalization, zoneout and dropout, on rows of unequal lengths, one of which does not count. */
const model = sequential(
  [
    bidirectional(lstm({ input, hidden, norm: layerNorm() })),
    sequence(zoneout(variationalDropout(gru({ input: 2 * hidden, hidden }), { recurrent: 0.3 }), { h: 0.3 }), {
      outputs: "last",
    }),
    dense({ input: hidden, output: classes }),
  ],
  { dropout: 0.2 },
);
type Params = ReturnType<typeof model.init>;
const loss = (params: Params, { x, y, lengths, weight }: Batch, context: LossContext) => {
  const { output } = model.apply(params, x, { training: true, key: context.key, lengths });
  return {
    loss: crossEntropy(output, y, { mask: weight }),
    metrics: { size: mean(square(output)) },
    weight: sum(weight),
  };
};
const penalty = (params: Params): Tensor => mul(sum(square(params[2]!.W)), 0.01);

/** A loop over batches of one: clipped gradients, averaged over the examples that count, and the penalty's. */
function loop(params: Params, batch: Batch, runKey: Tensor): { readonly gradient: Tree; readonly norms: number[] } {
  const norms: number[] = [];
  let total = mapTree(params, (w) => mul(w, 0));
  let counted = 0;
  for (let i = 0; i < rows; i++) {
    if (valuesOf(batch.weight)[i] === 0) continue;
    counted++;
    const one = mapTree(batch, (x) =>
      slice(
        x,
        x.shape.map((_, a) => (a === 0 ? i : 0)),
        x.shape.map((n, a) => (a === 0 ? i + 1 : n)),
      ),
    );
    const context = { key: keyAt(keyAt(runKey, 0), i), step: scalar(0, "i32"), carry: {}, buffers: {} };
    const g = grad((p: Params) => loss(p, one, context).loss)(params);
    const norm = item(treeNorm(g));
    norms.push(norm);
    total = zipTrees(total, g, (a, b) => add(a, mul(b, Math.min(1, limit / norm))));
  }
  return {
    gradient: zipTrees(
      mapTree(total, (g) => mul(g, 1 / counted)),
      grad(penalty)(params),
      add,
    ),
    norms,
  };
}

const backends: readonly (readonly [string, Backend, DType, number])[] = [
  ["reference in f64", reference(), "f64", 1e-12],
  ["reference in f32", reference(), "f32", 2e-6],
  ["wasm", wasm(), "f32", 2e-6],
  ["wasm with 2 threads", wasm({ threads: 2, oversubscribe: true }), "f32", 2e-6],
];
afterAll(() => Promise.all(backends.map(([, backend]) => backend.close())));

describe.each(backends)("clipping each example on %s", (_, backend, dtype, tolerance) => {
  test("is the loop over batches of one, with random numbers, lengths, padding and a penalty", async () => {
    const params = model.init(key(1), { dtype });
    const batch = batchOf(dtype);
    const { gradient, norms } = loop(params, batch, key(2));
    let programs = 0;
    const trained = await trainer({
      params,
      loss,
      regularization: penalty,
      gradients: perExample(globalNorm(limit)),
      optimizer: descend(1),
      key: key(2),
      batch,
      backend: { ...backend, compile: (...given) => (programs++, backend.compile(...given)) },
    });
    const { examples, weight } = await trained.run(batch);
    const after = leavesOf(await trained.params());
    const scale = item(treeNorm(gradient, "max"));
    leavesOf(zipTrees(params, gradient, sub)).forEach(({ path, tensor: expected }, i) => {
      const got = valuesOf(after[i]!.tensor);
      valuesOf(expected).forEach((w, j) =>
        expect(Math.abs(got[j]! - w), path).toBeLessThanOrEqual(tolerance * Math.max(scale, Math.abs(w))),
      );
    });
    // Some are clipped, and not all: a loop that clips none or the batch would not agree.
    expect(new Set(norms.map((norm) => norm > limit))).toEqual(new Set([true, false]));
    expect(examples.norm).toBeCloseTo(norms.reduce((a, b) => a + b) / norms.length, 4);
    expect(examples.clipped).toBeCloseTo(norms.filter((norm) => norm > limit).length / norms.length, 6);
    expect([programs, weight]).toEqual([1, 3]);
    await trained.dispose();
  });
});

type Line = { readonly x: Tensor; readonly y: Tensor; readonly weight: Tensor };
const line = (x: number[], weight = x.map(() => 1)): Line => ({
  x: tensor(x, [x.length, 1]),
  y: tensor(
    x.map(() => 0),
    [x.length, 1],
  ),
  weight: tensor(weight),
});
const linear = ({ W }: { readonly W: Tensor }, { x, y, weight }: Line) => ({
  loss: mse(matmul(x, W), y, { mask: weight }),
  weight: sum(weight),
});
const W = { W: tensor([0.5], [1, 1]) as Tensor };

test("without clipping it is the gradient of the batch, and loss, metrics and weight are the batch's", async () => {
  const program = {
    loss: linear,
    optimizer: sgd({ learningRate: 0.1 }),
    params: W,
    key: key(0),
    batch: line([1, 2, 3]),
  };
  const [whole, each] = [await trainer(program), await trainer({ ...program, gradients: perExample(globalNorm(1e9)) })];
  for (const batch of [line([1, 2, 3]), line([1, 2, 100], [1, 1, 0])]) {
    const [a, b] = [await whole.run(batch), await each.run(batch)];
    expect(b.loss).toBeCloseTo(a.loss, 6);
    expect(b.weight).toBe(a.weight);
    expect(b.gradientNorm).toBeCloseTo(a.gradientNorm, 6);
  }
  expect(valuesOf((await each.params()).W)[0]).toBeCloseTo(valuesOf((await whole.params()).W)[0]!, 6);
  expect((await each.run(line([1, 1, 1], [0, 0, 0]))).empty).toBe(true);
});

test("divides by what it is told, and an example that the transform skips adds nothing", async () => {
  const large: GradientTransform = {
    name: "large",
    init: () => ({}),
    update: (gradients, state) => ({ gradients, state, skip: greater(treeNorm(gradients), 5) }),
  };
  const trained = await trainer({
    loss: linear,
    gradients: perExample(large, { divideBy: 10 }),
    optimizer: descend(1),
    params: W,
    key: key(0),
    batch: line([1, 2, 3]),
  });
  await trained.run(line([1, 2, 3]));
  // d/dW (x W)^2 = 2 x^2 W: 1, 4 and 9, of which 9 is left out.
  expect(valuesOf((await trained.params()).W)[0]).toBeCloseTo(0.5 - 5 / 10, 6);
});

test("with noise it is DP-SGD: w - eta / L (sum_i g_i min(1, C / |g_i|) + N(0, (sigma C)^2))", async () => {
  const [L, C, sigma, eta] = [5, 2, 0.8, 0.1];
  const trained = await trainer({
    loss: linear,
    gradients: perExample(globalNorm(C), { divideBy: L }),
    optimizer: chain(gradientNoise({ deviation: (sigma * C) / L }), descend(eta)),
    params: W,
    key: key(9),
    batch: line([1, 2, 3]),
  });
  await trained.run(line([1, 2, 3]));
  // Gradients 2 x^2 W of 1, 4 and 9, clipped at 2. The member's key is that of the step, named as the member.
  const own = keyFor(keyAt(keyFor(key(9), "optimizer"), 0), "gradientNoise");
  const noise = sigma * C * item(normal(keyFor(own, "W"), [1, 1]));
  expect(valuesOf((await trained.params()).W)[0]).toBeCloseTo(0.5 - (eta / L) * (1 + 2 + 2 + noise), 6);
});

test("an embedding's gradient is kept apart for each example", async () => {
  const table = { E: normal(key(1), [6, 2], { dtype: "f64" }) as Tensor };
  const ids = tensor(Int32Array.of(0, 1, 1, 1, 5, 5), [3, 2]) as Tensor;
  const embed = ({ E }: { readonly E: Tensor }, batch: { readonly ids: Tensor }) => ({
    loss: mean(square(gather(E, batch.ids))),
  });
  const step = trainStep({ loss: embed, gradients: perExample(value(0.2)), optimizer: descend(1) });
  const { state } = step.step(step.init(table, key(0)), { ids });
  const E = valuesOf(table.E);
  const expected = [...E].map((w, j) => {
    const uses = [
      [0, 1],
      [1, 1],
      [5, 5],
    ].map((own) => own.filter((row) => row === j >> 1).length);
    return w - uses.reduce((total, n) => total + Math.max(-0.2, Math.min(0.2, (n * 2 * w) / 4)), 0) / 3;
  });
  valuesOf(state.params.E).forEach((w, j) => expect(w).toBeCloseTo(expected[j]!, 12));
});

test("a carry goes on for each example", () => {
  const step = trainStep({
    loss: ({ W: w }: { readonly W: Tensor }, { x }: Line, { carry }: { readonly carry: { readonly h: Tensor } }) => {
      const h = add(carry.h, matmul(x, w));
      return { loss: mean(square(h)), carry: { h } };
    },
    carry: { h: tensor([1, 2], [2, 1]) as Tensor },
    gradients: perExample(globalNorm(1)),
    optimizer: descend(0.1),
  });
  const { state } = step.step(step.init(W, key(0)), line([4, 6]));
  expect([...valuesOf(state.carry.h)]).toEqual([3, 5]);
});

test("what does not fit is named", () => {
  expect(() => perExample(globalNorm as never)).toThrow(
    "perExample: the transform is the function globalNorm, expected the result of globalNorm(1): call it",
  );
  expect(() => perExample(globalNorm(1), { divideBy: 0 })).toThrow(
    "perExample: expected divideBy as a finite number above 0, got 0",
  );
  const step = (transform: GradientTransform) =>
    trainStep({ loss: linear, gradients: perExample(transform), optimizer: descend(1) });
  const stateful = step(skipNonFinite());
  expect(() => stateful.step(stateful.init(W, key(0)), line([1]))).toThrow(
    "perExample: skipNonFinite has a state (skipped)",
  );
  const uneven = step(value(1));
  expect(() => uneven.step(uneven.init(W, key(0)), { ...line([1, 2]), weight: tensor([1]) })).toThrow(
    "perExample: batch.x has 2 examples on axis 0 but batch.weight has the shape [1]",
  );
  expect(() => trainStep({ loss: linear, gradients: perExample, optimizer: descend(1) } as never)).toThrow(
    "trainStep: gradients is the function perExample, expected the result of perExample(globalNorm(1)): call it",
  );
});
