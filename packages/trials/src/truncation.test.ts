// Truncated back-propagation by fit: against the plain training step of @sluice/train, which is itself compared with
// plain loops there, and across interruptions.
import { dense, gru, lstm, sequence, sequential } from "@sluice/cells";
import { weightsHash } from "@sluice/formats";
import { key, keyFor, mul, normal, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { adam, batches, crossEntropy, mse, trainer, windows, type Weighted, type Window } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { evaluateModel, fit, type Model, type Run, type SequenceExamples } from "./index.ts";

const backend = wasm();
afterAll(() => backend.close());

type Sequences = { readonly x: Tensor; readonly y: Tensor };

const sequencesOf = (seed: number, count: number): Sequences => ({
  x: normal(keyFor(key(seed), "x"), [count, 11, 2]),
  y: normal(keyFor(key(seed), "y"), [count, 11, 1]),
});
const data = { train: sequencesOf(1, 5), validation: sequencesOf(2, 3) };
const model = sequential([
  sequence(lstm({ input: 2, hidden: 4 })),
  sequence(gru({ input: 4, hidden: 3 })),
  dense({ input: 3, output: 1 }),
]);
type Params = ReturnType<typeof model.init>;
type State = ReturnType<typeof model.initialState>;
const optimizer = adam({ learningRate: 0.03 });
const [seed, size, steps] = [4, 2, 17];

/** The weights after `steps` windows of the training step that a user writes without fit. */
async function plainly(truncate: { readonly k1: number; readonly k2: number }): Promise<Params> {
  const root = key(seed);
  const cut = windows(batches(data.train, { size, key: keyFor(root, "batches") }), truncate);
  const training = await trainer({
    loss: (
      params: Params,
      { x, y, counted, resets }: Weighted<Window<Sequences>>,
      { carry: state }: { readonly carry: State },
    ) => {
      const { output, carry } = model.apply(params, x, { state, resets, carryAfter: truncate.k1, training: true });
      return { loss: mse(output, y, { mask: counted }), weight: sum(counted), carry };
    },
    optimizer,
    params: model.init(keyFor(root, "weights")),
    carry: model.initialState(size),
    key: keyFor(root, "training"),
    batch: cut.at(0).batch,
    backend,
  });
  for (const { batch } of cut.from(0, steps)) await training.run(batch);
  const params = await training.params();
  await training.dispose();
  return params;
}

const options = { loss: mse, optimizer, seed, size, backend };

describe("TBPTT(k1, k2)", () => {
  test.for([
    [3, 3],
    [3, 5],
    [4, 11],
  ] as const)("(%i, %i) has the bits of the plain training step", async ([k1, k2]) => {
    const trained = await fit(model, data, { ...options, steps, truncate: { k1, k2 } });
    expect(await weightsHash(trained.params)).toBe(await weightsHash(await plainly({ k1, k2 })));
  });

  test("an epoch is all windows of all batches, and evaluation is of whole sequences", async () => {
    const trained = await fit(model, data, { ...options, epochs: 2, truncate: { k1: 4 } });
    // Three batches of two sequences, in three windows of up to 4 of 11 steps.
    expect(trained.history.map(({ step, epoch }) => [step, epoch])).toEqual([
      [0, 0],
      [9, 1],
      [18, 2],
    ]);
    const { loss, weight } = await evaluateModel(model, trained.params, data.validation, { loss: mse, size, backend });
    expect(trained.history.at(-1)?.validation).toMatchObject({ loss, weight });
    expect(weight).toBe(3 * 11);
  });

  test("a run that is saved at any window goes on to the same bits, its carry included", async () => {
    const given = { ...options, epochs: 2, truncate: { k1: 3, k2: 5 } };
    const moments: Uint8Array[] = [];
    const onStep = async (_: unknown, run: Run<Params>): Promise<void> => void moments.push(await run.checkpoint());
    const whole = await fit(model, data, { ...given, onStep });
    expect(moments).toHaveLength(24);
    for (const resume of [0, 1, 2, 9, 15].map((step) => moments[step]!)) {
      const resumed = await fit(model, data, { ...given, resume });
      expect(await resumed.checkpoint()).toEqual(await whole.checkpoint());
    }
    await expect(fit(model, data, { ...given, truncate: { k1: 3 }, resume: moments[0]! })).rejects.toThrow(
      "the checkpoint is of a run with the windows k1 3, k2 5, but this run has k1 3, k2 3; use the same to resume",
    );
  });
});

test("targets of one number a step are named, and a model of one's own carries its own state", async () => {
  const classes = tensor(
    Int32Array.from(valuesOf(data.train.y), (y) => (y > 0 ? 1 : 0)),
    [5, 11],
  );
  const layer = sequential([sequence(gru({ input: 2, hidden: 3 })), dense({ input: 3, output: 2 })]);
  const own: Model<ReturnType<typeof layer.init>, SequenceExamples> = {
    init: (from) => layer.init(from),
    initialState: (rows) => layer.initialState(rows),
    apply: (params, { x, resets }, { state, carryAfter } = {}) => {
      const { output, carry } = layer.apply(params, mul(x, 1), {
        ...(state === undefined ? {} : { state: state as ReturnType<typeof layer.initialState> }),
        ...(carryAfter === undefined ? {} : { carryAfter }),
        ...(resets === undefined ? {} : { resets }),
      });
      return { output, carry };
    },
  };
  const train = { x: data.train.x, y: classes };
  const given = { loss: crossEntropy, optimizer, size, steps: 7, backend, truncate: { k1: 4, perStep: ["y"] } };
  const [a, b] = [await fit(layer, { train }, given), await fit(own, { train }, given)];
  expect(await weightsHash(b.params)).toBe(await weightsHash(a.params));
});

test("what cannot be truncated is told", async () => {
  const truncate = { k1: 3 };
  const last = sequential([
    sequence(gru({ input: 2, hidden: 3 }), { outputs: "last" }),
    dense({ input: 3, output: 1 }),
  ]);
  const ofLast = { train: { x: data.train.x, y: tensor([1, 2, 3, 4, 5], [5, 1]) } };
  await expect(
    fit(last, ofLast, { ...options, steps: 1, truncate: { ...truncate, perSequence: ["y"] } }),
  ).rejects.toThrow("fit: truncate needs an output and a target for each step");
  const stateless: Model<Params, Sequences> = {
    init: (from) => model.init(from),
    apply: (params, { x }) => model.apply(params, x),
  };
  await expect(fit(stateless, data, { ...options, steps: 1, truncate })).rejects.toThrow(
    "fit: truncate needs a model that carries a state: a layer, or a model with initialState",
  );
});
