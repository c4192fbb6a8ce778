import { dense, gru, sequence, time2Vec, timeAttention } from "@sluice/cells";
import { batchNorm } from "@sluice/norm";
import { specsOf } from "@sluice/params";
import { key, keyFor, leavesOf, normal, sliceAxis, tensor, uniform, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { crossAttention, gmu, multimodal, pool } from "./index.ts";

const root = key(21);
const draw = (name: string, shape: readonly number[]): Tensor => normal(keyFor(root, name), shape);
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const [sound, pose, text] = [draw("sound", [3, 4, 2]), draw("pose", [3, 3]), draw("text", [3, 5, 2])];
const bools = (values: readonly number[], shape: readonly number[]): Tensor => tensor(values, shape, { dtype: "bool" });

describe("multimodal", () => {
  const audio = sequence(gru({ input: 2, hidden: 2, dropout: 0.5 }), { outputs: "last" });
  const fusion = gmu({ inputs: { audio: 2, pose: 3 }, output: 4 });
  const readout = dense({ input: 4, output: 1 });
  const model = multimodal({ encoders: { audio }, fusion, readout });
  const params = model.init(key(1));

  test("is its parts, one after the other, with lengths and presence passed on", () => {
    const [lengths, here] = [[4, 0, 2], bools([1, 1, 0], [3])];
    const found = model.apply(
      params,
      { audio: { x: sound, lengths, present: here }, pose: { x: pose, present: bools([1, 0, 1], [3]) } },
      { traces: true },
    );
    const encoded = audio.apply(params.encoders.audio, sound, { lengths, present: here });
    const fused = fusion.apply(
      params.fusion,
      {
        // The second row has a sequence of no steps: it misses the modality.
        audio: { x: encoded.output, present: bools([1, 0, 0], [3]) },
        pose: { x: pose, present: bools([1, 0, 1], [3]) },
      },
      { traces: true },
    );
    expect(numbers(found.output)).toEqual(numbers(readout.apply(params.readout, fused.output).output));
    expect(Object.keys(found.traces)).toEqual([
      ...Object.keys(audio.apply(params.encoders.audio, sound, { traces: true }).traces).map(
        (name) => `encoders.audio.${name}`,
      ),
      "fusion.gate.audio",
      "fusion.gate.pose",
    ]);
    expect(found.traces["fusion.gate.audio"]).toEqual(fused.traces["gate.audio"]);
    expect(Object.keys(model.apply(params, { audio: sound, pose }, { traces: ["fusion.gate.pose"] }).traces)).toEqual([
      "fusion.gate.pose",
    ]);
  });

  test("gives each part a key of its own in training", () => {
    const training = { training: true, key: key(5) };
    const found = model.apply(params, { audio: sound, pose }, training);
    const encoded = audio.apply(params.encoders.audio, sound, {
      training: true,
      key: keyFor(key(5), "encoders.audio"),
    });
    const fused = fusion.apply(params.fusion, { audio: encoded.output, pose });
    expect(numbers(found.output)).toEqual(numbers(readout.apply(params.readout, fused.output).output));
    expect(numbers(found.output)).not.toEqual(numbers(model.apply(params, { audio: sound, pose }).output));
  });

  test("takes and returns the buffers of its parts", () => {
    const normalized = sequence(gru({ input: 2, hidden: 2, norm: batchNorm({ steps: 2, placement: "gates" }) }), {
      outputs: "last",
    });
    const batched = multimodal({ encoders: { audio: normalized }, fusion, readout });
    const weights = batched.init(key(1));
    const buffers = batched.initialBuffers();
    expect(leavesOf(buffers).map(({ path }) => path)).toEqual(
      leavesOf(normalized.initialBuffers()).map(({ path }) => `encoders.audio.${path}`),
    );
    const given = { audio: { x: sound, lengths: [4, 0, 2] }, pose };
    const trained = batched.apply(weights, given, { buffers, training: true });
    const own = { buffers: normalized.initialBuffers(), training: true, lengths: [4, 0, 2] };
    const alone = normalized.apply(weights.encoders.audio, sound, own);
    expect(trained.buffers).toEqual({ encoders: { audio: alone.buffers }, fusion: {}, readout: {} });
    const evaluated = batched.apply(weights, given, { buffers: trained.buffers });
    expect(evaluated.buffers).toEqual(trained.buffers);
    expect(numbers(evaluated.output)).not.toEqual(numbers(batched.apply(weights, given, { buffers }).output));
    expect(() => batched.apply(weights, given)).toThrow(
      "multimodal: buffers are missing: encoders.audio.norm.gates.gates.mean",
    );
  });

  test("names its parameters by part, and says what it reads and gives", () => {
    const paths = leavesOf(params).map(({ path }) => path);
    expect(paths).toEqual(specsOf(model.params).map(({ path }) => path));
    expect([...new Set(paths.map((path) => path.split(".").slice(0, 2).join(".")))]).toEqual([
      "encoders.audio",
      "fusion.W",
      "fusion.Wz",
      "readout.W",
      "readout.b",
    ]);
    expect(model.inputs).toEqual({ audio: { kind: "sequence", width: 2 }, pose: { kind: "vector", width: 3 } });
    expect(model.features).toBe(1);
    expect(model.outputShape({ batch: 3 })).toEqual([3, 1]);
  });

  test("keeps steps, times and lengths where the fusion takes sequences, and is itself a fusion in another", () => {
    const attending = multimodal({
      encoders: { audio: sequence(gru({ input: 2, hidden: 3 })) },
      fusion: crossAttention({ inputs: { text: 2, audio: 3 }, query: "text", output: 2 }),
    });
    const times = draw("times", [3, 5]);
    const fused = attending.apply(attending.init(key(2)), {
      text: { x: text, lengths: [5, 1, 3], times },
      audio: { x: sound, present: bools([1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1], [3, 4]) },
    });
    expect(fused.output.shape).toEqual(attending.outputShape({ batch: 3, time: { text: 5, audio: 4 } }));
    expect(numbers(fused.lengths!)).toEqual([5, 1, 3]);
    expect(fused.times!.shape).toEqual([3, 5]);
    // The second row hears nothing.
    expect(numbers(sliceAxis(fused.output, 0, 1, 2)).every((y) => y === 0)).toBe(true);
    const again = pool({ x: fused.output, lengths: fused.lengths! }, { by: "last" });
    expect(again.x.shape).toEqual([3, 2]);
  });

  test("lengths of what an encoder reads do not reach the steps that it makes itself", () => {
    const features = time2Vec({ features: 4 });
    const vitals = timeAttention({ input: 2, output: 3, reference: [0, 0.5, 1], features });
    const read = crossAttention({ inputs: { vitals: 3, text: 2 }, query: "vitals", output: 2 });
    const irregular = multimodal({ encoders: { vitals }, fusion: read });
    const weights = irregular.init(key(3));
    const extra = { time: uniform(key(4), [3, 4, 1]), mask: bools(new Array(24).fill(1), [3, 4, 2]) };
    const given = { x: sound, lengths: [4, 1, 0], extra };
    const { output, lengths } = irregular.apply(weights, { vitals: given, text });
    const encoded = vitals.apply(weights.encoders.vitals, sound, { lengths: [4, 1, 0], extra }).output;
    const present = bools([1, 1, 0], [3]);
    expect(numbers(output)).toEqual(
      numbers(read.apply(weights.fusion, { vitals: { x: encoded, present }, text }).output),
    );
    expect(numbers(lengths!)).toEqual([3, 3, 0]);
  });

  test("readouts of steps are 0 beyond the lengths", () => {
    const steps = multimodal({
      encoders: {},
      fusion: gmu({ inputs: { text: { kind: "sequence", width: 2 } }, output: 3 }),
      readout: dense({ input: 3, output: 2, activation: "sigmoid" }),
    });
    const { output } = steps.apply(steps.init(key(3)), { text: { x: text, lengths: [5, 1, 0] } });
    const zero = numbers(output).map((y) => y === 0);
    expect(zero).toEqual(
      Array.from({ length: 30 }, (_, i) => Math.floor((i % 10) / 2) >= [5, 1, 0][Math.floor(i / 10)]!),
    );
  });

  test.each<[string, () => unknown, string]>([
    [
      "a vector where the fusion takes a sequence",
      () =>
        multimodal({
          encoders: { audio },
          fusion: crossAttention({ inputs: { text: 2, audio: 2 }, query: "text", output: 2 }),
        }),
      'multimodal: encoder audio (gru) gives a vector, but the fusion takes a sequence; give it outputs: "all"',
    ],
    [
      "a sequence where the fusion takes a vector",
      () => multimodal({ encoders: { audio: sequence(gru({ input: 2, hidden: 2 })) }, fusion }),
      'multimodal: encoder audio (gru) gives a sequence, but the fusion takes a vector; give it outputs: "last"',
    ],
    [
      "another width",
      () => multimodal({ encoders: { audio: dense({ input: 1, output: 1 }) }, fusion }),
      "multimodal: encoder audio (dense) gives 1 features, but the fusion takes 2",
    ],
    [
      "another width of the readout",
      () => multimodal({ encoders: { audio }, fusion, readout: dense({ input: 5, output: 1 }) }),
      "multimodal: readout (dense) takes 5 features, but the fusion (gmu) gives 4",
    ],
    [
      "a cell",
      () => multimodal({ encoders: { audio: gru({ input: 2, hidden: 2 }) as never }, fusion }),
      "this is a cell; run it over time with sequence(cell)",
    ],
    [
      "an encoder of no modality",
      () => multimodal({ encoders: { sound: audio }, fusion }),
      "multimodal: encoders: unknown option sound",
    ],
    [
      "a trace of no part",
      () => model.apply(params, { audio: sound, pose }, { traces: ["gate.audio"] }),
      "multimodal: no trace gate.audio; names begin with a part's: encoders.audio., fusion., readout.",
    ],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});

describe("pool", () => {
  const x = tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4, 1]);

  test("takes the mean or the last of the steps that are there", () => {
    expect(numbers(pool(x, { by: "mean" }).x)).toEqual([2.5, 6.5]);
    expect(numbers(pool(x, { by: "last" }).x)).toEqual([4, 8]);
    const given = { x, lengths: [3, 4], present: bools([1, 0, 1, 1, 0, 1, 1, 0], [2, 4]) };
    expect(numbers(pool(given, { by: "mean" }).x)).toEqual([2, 6.5]);
    expect(numbers(pool(given, { by: "last" }).x)).toEqual([3, 7]);
    expect(pool(x, { by: "last" }).present).toBeUndefined();
  });

  test("a row without a step is not present", () => {
    const junk = tensor([1, 2, 3, 4, NaN, NaN, NaN, NaN], [2, 4, 1]);
    for (const by of ["mean", "last"] as const) {
      const pooled = pool({ x: junk, lengths: [2, 0] }, { by });
      expect(numbers(pooled.x)).toEqual([by === "mean" ? 1.5 : 2, 0]);
      expect(numbers(pooled.present!)).toEqual([1, 0]);
    }
    expect(numbers(pool(tensor([], [1, 0, 2]), { by: "last" }).present!)).toEqual([0]);
  });

  test("refuses another way", () => {
    expect(() => pool(x, { by: "max" as never })).toThrow("pool: unknown way max; known: mean, last");
    expect(() => pool(tensor([1, 2]), { by: "last" })).toThrow("pool: modality x must be [batch, time, 2], got [2]");
  });
});
