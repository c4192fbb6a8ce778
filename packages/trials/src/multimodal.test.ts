// Models of several modalities under `fit`: what is missing in training, at test or in both, and blended losses.
import { dense, gru, sequence } from "@sluice/cells";
import {
  blendedLoss,
  gmu,
  gradientBlending,
  headMetrics,
  learningCurves,
  learnedPlaceholders,
  modalityDropout,
  modalityHeads,
  multimodal,
  type Fusion,
} from "@sluice/fusion";
import { weightsHash } from "@sluice/formats";
import { key, keyFor, normal, tensor, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { accuracy, adam, crossEntropy } from "@sluice/train";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { evaluateModel, fit, type Model } from "./index.ts";

const backend = wasm();
afterAll(() => backend.close());

type Example = {
  readonly sound: Tensor;
  readonly lengths: Tensor;
  readonly hasSound: Tensor;
  readonly pose: Tensor;
  readonly hasPose: Tensor;
  readonly y: Tensor;
};

const steps = 4;
/** Which of both modalities a row has: all, or one of both, or none. */
const everywhere = (): readonly [number, number] => [1, 1];
const somewhere = (row: number): readonly [number, number] =>
  [[1, 1] as const, [1, 0] as const, [0, 1] as const, [0, 0] as const][row % 4]!;

/**
 * The class is whether the first number of both modalities is above 0 on average. Missing values are one of `fills` after
 * the other.
 */
function examples(rows: number, seed: number, has: typeof somewhere, ...fills: readonly number[]): Example {
  const root = key(seed);
  const [sound, pose] = [normal(keyFor(root, "sound"), [rows, steps, 1]), normal(keyFor(root, "pose"), [rows, 2])];
  const [first, second] = [valuesOf(sound), valuesOf(pose)];
  const lengths = Int32Array.from({ length: rows }, (_, row) => 1 + (row % steps));
  const y = Int32Array.from({ length: rows }, (_, row) => Number(first[row * steps]! + second[2 * row]! > 0));
  const flags = [0, 1].map((m) => Array.from({ length: rows }, (_, row) => has(row)[m]!));
  const filled = (x: Tensor, isThere: (at: number) => boolean): Tensor =>
    tensor(
      Float32Array.from(valuesOf(x), (value, at) => (isThere(at) ? value : fills[at % fills.length]!)),
      x.shape,
    );
  return {
    sound: filled(
      sound,
      (at) => flags[0]![Math.floor(at / steps)] === 1 && at % steps < lengths[Math.floor(at / steps)]!,
    ),
    lengths: tensor(lengths),
    hasSound: tensor(flags[0]!, [rows], { dtype: "bool" }),
    pose: filled(pose, (at) => flags[1]![Math.floor(at / 2)] === 1),
    hasPose: tensor(flags[1]!, [rows], { dtype: "bool" }),
    y: tensor(y),
  };
}

/** A fusion as a model for `fit`. */
function modelOf<P extends Tree>(net: Fusion<P, "sound" | "pose">): Model<P, Omit<Example, "y">> {
  return {
    init: (seed) => net.init(seed),
    params: net.params,
    apply: (params, { sound, lengths, hasSound, pose, hasPose }, options) => ({
      output: net.apply(
        params,
        { sound: { x: sound, lengths, present: hasSound }, pose: { x: pose, present: hasPose } },
        options,
      ).output,
    }),
  };
}

const encoders = { sound: sequence(gru({ input: 1, hidden: 4 }), { outputs: "last" }) };
const fusion = gmu({ inputs: { sound: 4, pose: 2 }, output: 4 });
const readout = dense({ input: 4, output: 2 });
const models = {
  "as it is": multimodal({ encoders, fusion, readout }),
  "with modality dropout": modalityDropout(multimodal({ encoders, fusion, readout }), { rate: 0.3 }),
  "with placeholders": multimodal({ encoders, fusion: learnedPlaceholders(fusion), readout }),
} as const;
const options = {
  loss: crossEntropy,
  metrics: { accuracy },
  optimizer: adam({ learningRate: 0.02 }),
  epochs: 4,
  size: 16,
  backend,
};

describe.each([
  ["in training", somewhere, everywhere],
  ["at test", everywhere, somewhere],
  ["in both", somewhere, somewhere],
] as const)("modalities missing %s", (_, training, testing) => {
  test.each(Object.entries(models))("reach neither a gradient nor an output (%s)", async (__, net) => {
    const model = modelOf<Tree>(net);
    const run = async (...fills: readonly number[]) => {
      const data = { train: examples(60, 1, training, ...fills), test: examples(30, 2, testing, ...fills) };
      const trained = await fit(model, data, options);
      const logits = await trained.predict(data.test);
      return { hash: await weightsHash(trained.params), test: trained.test, logits: [...valuesOf(logits)] };
    };
    const expected = await run(0);
    expect(expected.logits.every(Number.isFinite)).toBe(true);
    expect(await run(NaN, 3e38, -3e38)).toEqual(expected);
  });
});

test("what is there does reach them", async () => {
  const model = modelOf(models["as it is"]);
  const hashOf = async (has: typeof somewhere) =>
    weightsHash((await fit(model, { train: examples(60, 1, has, 0) }, options)).params);
  expect(await hashOf(somewhere)).not.toBe(await hashOf(everywhere));
});

test("gradient blending: each head alone, then all with the weights, and a curve of each", async () => {
  const heads = { sound: dense({ input: 4, output: 2 }), pose: dense({ input: 2, output: 2 }) };
  const net = multimodal({ encoders, fusion: modalityHeads(fusion, heads), readout });
  const model: Model<
    ReturnType<typeof net.init>,
    Omit<Example, "y">,
    Readonly<Record<"fused" | "sound" | "pose", Tensor>>
  > = {
    init: (seed) => net.init(seed),
    params: net.params,
    apply(params, { sound, lengths, hasSound, pose, hasPose }, applied) {
      const { output, outputs } = net.apply(
        params,
        { sound: { x: sound, lengths, present: hasSound }, pose: { x: pose, present: hasPose } },
        applied,
      );
      return { output: { fused: output, sound: outputs["heads.sound"]!, pose: outputs["heads.pose"]! } };
    },
  };
  const data = { train: examples(80, 1, somewhere, NaN), validation: examples(60, 2, somewhere, NaN) };
  const names = ["fused", "sound", "pose"] as const;
  const common = { optimizer: adam({ learningRate: 0.02 }), epochs: 6, size: 16, perStep: false, backend } as const;

  const blending = await gradientBlending(names, async (head) => {
    const loss = blendedLoss({ fused: 0, sound: 0, pose: 0, [head]: 1 }, crossEntropy);
    const trained = await fit(model, data, { ...common, loss });
    const start = model.init(keyFor(key(0), "weights"));
    const lossOf = async (params: typeof start, part: Example) =>
      (await evaluateModel(model, params, part, { loss, perStep: false, backend })).loss;
    return {
      training: [await lossOf(start, data.train), await lossOf(trained.params, data.train)],
      validation: [await lossOf(start, data.validation), await lossOf(trained.params, data.validation)],
    };
  });
  const raw = names.map((name) => {
    const { training, validation } = blending.curves[name];
    const [G, O] = [validation[0]! - validation[1]!, validation[1]! - training[1]! - (validation[0]! - training[0]!)];
    return G > 0 ? G / (O * O) : 0;
  });
  const Z = raw.reduce((a, b) => a + b);
  names.forEach((name, k) => expect(blending.weights[name]).toBeCloseTo(raw[k]! / Z, 12));

  const trained = await fit(model, data, {
    ...common,
    loss: blendedLoss(blending.weights, crossEntropy),
    metrics: headMetrics(names, crossEntropy),
  });
  const curves = learningCurves(trained.history, [...names, "loss"]);
  for (const part of ["training", "validation"] as const)
    curves.loss[part].forEach((loss, i) =>
      expect(loss).toBeCloseTo(
        names.reduce((sum, name) => sum + blending.weights[name] * curves[name][part][i]!, 0),
        5,
      ),
    );
  expect(curves.fused.steps.length).toBe(6);
  expect(curves.fused.validation.at(-1)).toBeLessThan(Math.LN2);
});
