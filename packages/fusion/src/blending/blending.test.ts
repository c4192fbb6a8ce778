import { dense, gru, sequence, sequential } from "@sluice/cells";
import { batchNorm } from "@sluice/norm";
import { key, keyFor, leavesOf, normal, scalar, sum, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  blendedLoss,
  blendingWeights,
  gmu,
  gradientBlending,
  headMetrics,
  learningCurves,
  modalityHeads,
  multimodal,
} from "../index.ts";

const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const root = key(9);

describe("blending weights", () => {
  const curve = (training: readonly number[], validation: readonly number[]) => ({ training, validation });

  test("are Delta G / Delta O^2, added up to 1", () => {
    const { weights, heads } = blendingWeights({
      // O: 0 to 0.2, G: 0.4; O: 0.1 to 0.2, G: 0.1.
      fused: curve([1, 0.4], [1, 0.6]),
      audio: curve([0.9, 0.7], [1, 0.9]),
    });
    expect(heads.fused.overfitting).toBeCloseTo(0.2, 12);
    expect(heads.fused.generalization).toBeCloseTo(0.4, 12);
    expect(heads.fused.ratio).toBeCloseTo(0.5, 12);
    expect(heads.audio.ratio).toBeCloseTo(1, 12);
    // 0.4 / 0.04 = 10 and 0.1 / 0.01 = 10
    expect(weights.fused).toBeCloseTo(0.5, 12);
    expect(weights.audio).toBeCloseTo(0.5, 12);
  });

  test("between any two points; a head whose validation loss rose has none", () => {
    const curves = { a: curve([1, 0.5, 0.3], [1, 0.7, 0.6]), b: curve([1, 0.5, 0.1], [1, 0.8, 0.9]) };
    expect(blendingWeights(curves, { from: 1 }).weights).toEqual({ a: 1, b: 0 });
    const { a, b } = blendingWeights(curves, { to: 1 }).weights;
    // 0.3 / 0.04 and 0.2 / 0.09
    expect(a / b).toBeCloseTo(7.5 / (0.2 / 0.09), 12);
  });

  test("minimize the squared ratio of the blend", () => {
    const positive = fc.double({ min: 0.01, max: 2, noNaN: true });
    const head = fc.tuple(positive, positive, fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(fc.array(head, { minLength: 2, maxLength: 5 }), (heads) => {
        const curves = Object.fromEntries(heads.map(([O, G], k) => [`${k}`, curve([3, 3 - G - O], [3, 3 - G])]));
        const { weights } = blendingWeights(curves);
        const ratioOf = (w: readonly number[]): number => {
          const [up, down] = [0, 1].map((which) =>
            heads.reduce((total, given, k) => total + (which === 0 ? (w[k]! * given[0]) ** 2 : w[k]! * given[1]), 0),
          );
          return up! / down! ** 2;
        };
        const best = heads.map((_, k) => weights[`${k}`]!);
        expect(best.reduce((x, y) => x + y)).toBeCloseTo(1, 10);
        const other = best.map((w, k) => w + heads[k]![2]);
        expect(ratioOf(best)).toBeLessThanOrEqual(ratioOf(other) * (1 + 1e-9));
      }),
    );
  });

  test.each<[string, () => unknown, string]>([
    ["no head", () => blendingWeights({}), "blendingWeights: expected at least one modality, got none"],
    [
      "one point",
      () => blendingWeights({ a: curve([1], [1]) }),
      "blendingWeights: expected finite losses of a on training and validation data at the same points, two or more",
    ],
    [
      "a loss that is NaN",
      () => blendingWeights({ a: curve([1, NaN], [1, 1]) }),
      "blendingWeights: expected finite losses of a on training and validation data",
    ],
    [
      "a point that is not there",
      () => blendingWeights({ a: curve([1, 0.5], [1, 0.6]) }, { from: 4 }),
      "blendingWeights: expected finite losses of a on training and validation data",
    ],
    [
      "no overfitting",
      () => blendingWeights({ a: curve([1, 0.5], [1, 0.5]) }),
      "blendingWeights: a generalized without any overfitting, so its weight would be infinite; train it for longer",
    ],
    [
      "nothing that fell",
      () => blendingWeights({ a: curve([1, 0.5], [1, 1.1]) }),
      "blendingWeights: no validation loss of a fell; train for longer, or otherwise",
    ],
  ])("%s is an error", (_, make, message) => {
    expect(make).toThrow(message);
  });

  test("gradientBlending trains the heads one after the other", async () => {
    const log: string[] = [];
    const curves = { fused: curve([1, 0.4], [1, 0.6]), audio: curve([0.9, 0.7], [1, 0.9]) };
    const found = await gradientBlending(["fused", "audio"], async (head) => {
      log.push(`${head} begins`);
      await Promise.resolve();
      log.push(`${head} ends`);
      return curves[head];
    });
    expect(log).toEqual(["fused begins", "fused ends", "audio begins", "audio ends"]);
    expect(found).toEqual({ ...blendingWeights(curves), curves });
    await expect(gradientBlending(["a", "a"], () => curves.fused)).rejects.toThrow("the modality a comes twice");
  });
});

describe("losses and curves of heads", () => {
  const outputs = { fused: tensor([1, 2], [2]), audio: tensor([3, 5], [2]), text: tensor([NaN, NaN], [2]) };

  test("a blended loss is the weighted sum; an output without weight is not looked at", () => {
    const loss = blendedLoss({ fused: 0.5, audio: 0.25, text: 0 }, (y: Tensor, target: Tensor) =>
      sum(sumOf(y, target)),
    );
    expect(numbers(loss(outputs, scalar(1)))).toEqual([0.5 * 5 + 0.25 * 10]);
    const { audio } = headMetrics(["audio", "fused"], (y: Tensor) => sum(y));
    expect(numbers(audio(outputs))).toEqual([8]);
  });

  const sumOf = (y: Tensor, target: Tensor): Tensor => tensor(numbers(y).map((value) => value + numbers(target)[0]!));

  test("say what is wrong", () => {
    expect(() => blendedLoss({ fused: -1 }, (y) => sum(y))).toThrow(
      "blendedLoss: the weight of fused is -1, expected a finite number >= 0",
    );
    expect(() => blendedLoss({ fused: 0 }, (y) => sum(y))).toThrow("expected at least one weight that is not 0");
    expect(() => blendedLoss({ adio: 1 }, (y) => sum(y))(Object(outputs))).toThrow(
      "blendedLoss: the model has no output adio; did you mean audio?",
    );
    expect(() => blendedLoss({ fused: 1 }, (y) => sum(y))(Object(outputs.fused))).toThrow("expected outputs by name");
  });

  test("learning curves are the columns of a history", () => {
    const row = (step: number, own: number, held: number) => ({
      step,
      training: { loss: own, metrics: { audio: own + 1 } },
      validation: { loss: held, metrics: { audio: held + 1 } },
    });
    const history = [{ step: 0, validation: { loss: 3, metrics: { audio: 4 } } }, row(5, 1, 2), row(9, 0, 1)];
    expect(learningCurves(history, ["loss", "audio"])).toEqual({
      loss: { steps: [5, 9], training: [1, 0], validation: [2, 1] },
      audio: { steps: [5, 9], training: [2, 1], validation: [3, 2] },
    });
    expect(() => learningCurves(history, ["video"])).toThrow(
      "learningCurves: no row has video of training and validation",
    );
  });
});

describe("modalityHeads", () => {
  const fusion = gmu({ inputs: { audio: 3, pose: 2 }, output: 4 });
  const heads = { audio: dense({ input: 3, output: 2 }), pose: dense({ input: 2, output: 2 }) };
  const model = multimodal({
    encoders: { audio: sequence(gru({ input: 1, hidden: 3 }), { outputs: "last" }) },
    fusion: modalityHeads(fusion, heads),
    readout: dense({ input: 4, output: 2 }),
  });
  const params = model.init(root);
  const audio = { x: normal(keyFor(root, "audio"), [3, 5, 1]), lengths: [5, 0, 2] };
  const pose = {
    x: tensor([1, 2, 3, 4, NaN, NaN], [3, 2]),
    present: tensor([1, 1, 0], [3], { dtype: "bool" }),
  };

  test("reads what the fusion reads, and leaves its output as it is", () => {
    const { output, outputs, traces } = model.apply(params, { audio, pose }, { traces: true });
    const plain = multimodal({
      encoders: { audio: sequence(gru({ input: 1, hidden: 3 }), { outputs: "last" }) },
      fusion,
    });
    const { encoders, fusion: own, readout } = params;
    const fused = plain.apply({ encoders, fusion: own.fusion, readout: {} }, { audio, pose }).output;
    expect(numbers(output)).toEqual(numbers(dense({ input: 4, output: 2 }).apply(readout, fused).output));
    const posed = numbers(heads.pose.apply(own.heads.pose, tensor([1, 2, 3, 4], [2, 2])).output);
    expect(numbers(outputs["heads.pose"]!)).toEqual([...posed, 0, 0]);
    // The second row has no step of audio.
    expect(numbers(outputs["heads.audio"]!).map((y) => y === 0)).toEqual([false, false, true, true, false, false]);
    expect(Object.keys(traces)).toContain("fusion.fusion.gate.audio");
  });

  test("names the parameters and the buffers by part", () => {
    expect(leavesOf(params.fusion).map(({ path }) => path.split(".")[0])).toContain("heads");
    const normalized = modalityHeads(gmu({ inputs: { audio: { kind: "sequence", width: 2 } }, output: 2 }), {
      audio: sequence(gru({ input: 2, hidden: 2, norm: batchNorm({ steps: 3 }) }), { outputs: "last" }),
    });
    const buffers = normalized.initialBuffers();
    expect(leavesOf(buffers).every(({ path }) => path.startsWith("heads.audio."))).toBe(true);
    const x = normal(root, [4, 3, 2]);
    const next = normalized.apply(normalized.init(root), { audio: x }, { training: true, buffers }).buffers;
    expect(leavesOf(next).map(({ path }) => path)).toEqual(leavesOf(buffers).map(({ path }) => path));
  });

  test("a head draws from its own key", () => {
    const dropping = modalityHeads(fusion, {
      audio: sequential([dense({ input: 3, output: 3 }), dense({ input: 3, output: 2 })], { dropout: 0.5 }),
    });
    const x = { audio: normal(root, [2, 3]), pose: normal(root, [2, 2]) };
    const drawn = (seed: number): number[] =>
      numbers(dropping.apply(dropping.init(root), x, { training: true, key: key(seed) }).outputs["heads.audio"]!);
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
  });

  test.each<[string, () => unknown, string]>([
    [
      "a head of no modality",
      () => modalityHeads(fusion, Object({ video: heads.pose })),
      "modalityHeads: heads: unknown option video",
    ],
    [
      "a head of another width",
      () => modalityHeads(fusion, { audio: heads.pose }),
      "modalityHeads: the head of audio (dense) takes 2 features, but the fusion (gmu) takes 3; a head reads what the fusion reads",
    ],
    [
      "a head that is no layer",
      () => modalityHeads(fusion, Object({ audio: gru({ input: 3, hidden: 2 }) })),
      "modalityHeads: the head of audio is an object of name",
    ],
    [
      "a trace of no part",
      () => model.apply(params, { audio, pose }, { traces: ["fusion.gate.audio"] }),
      "modalityHeads: no trace gate.audio; names begin with a part's: fusion., heads.audio., heads.pose.",
    ],
  ])("%s is an error", (_, make, message) => {
    expect(make).toThrow(message);
  });
});
