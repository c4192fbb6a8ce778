import { conv1d, dense } from "@sluice/cells";
import { key, keyFor, normal, sliceAxis, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { bottleneckAttention, multimodal } from "../index.ts";

const root = key(4);
const inputs = { text: 4, audio: 4, video: 4 };
const draw = (name: string, steps: number): Tensor => normal(keyFor(root, name), [2, steps, 4]);
const x = { text: draw("text", 3), audio: draw("audio", 5), video: draw("video", 2) };
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const present = tensor([1, 0], [2], { dtype: "bool" });

describe("bottleneckAttention", () => {
  const options = { layers: 3, fusionLayer: 1, heads: 2, bottlenecks: 2 };
  const fusion = bottleneckAttention({ inputs, ...options });
  const params = fusion.init(root);

  test.each(["token", "mean"] as const)("a row that misses a modality is a fusion of the others (%s)", (summary) => {
    const all = bottleneckAttention({ inputs, ...options, summary });
    const weights = all.init(root);
    const { output, outputs } = all.apply(weights, { ...x, audio: { x: x.audio, present } });
    const two = bottleneckAttention({ inputs: { text: 4, video: 4 }, ...options, summary });
    const { text, video } = weights.layers;
    const { tokens } = weights;
    const without = two.apply(
      {
        ...weights,
        tokens: tokens.text && tokens.video ? { text: tokens.text, video: tokens.video } : {},
        layers: { text, video },
      },
      { text: x.text, video: x.video },
    );
    expect(numbers(output).slice(0, 4)).toEqual(numbers(all.apply(weights, x).output).slice(0, 4));
    expect(numbers(output).slice(4)).toEqual(numbers(without.output).slice(4));
    expect(numbers(outputs["audio"]!).slice(20)).toEqual(new Array(20).fill(0));
    expect(numbers(sliceAxis(outputs["text"]!, 0, 1, 2))).toEqual(
      numbers(sliceAxis(without.outputs["text"]!, 0, 1, 2)),
    );
  });

  test("modalities reach each other only through the bottlenecks, from the second fusion layer on", () => {
    const { traces } = fusion.apply(params, x, { traces: true });
    const shapes = Object.fromEntries(Object.entries(traces).map(([name, { shape }]) => [name, shape]));
    expect(shapes).toMatchObject({
      "weights.text.0": [2, 2, 4, 4],
      "weights.text.1": [2, 2, 6, 6],
      "weights.audio.2": [2, 2, 8, 8],
      "bottlenecks.1": [2, 2, 4],
      "bottlenecks.2": [2, 2, 4],
    });
    const changed = fusion.apply(params, { ...x, audio: draw("other audio", 5) }, { traces: true }).traces;
    for (const same of ["weights.text.0", "weights.text.1"])
      expect(numbers(changed[same]!)).toEqual(numbers(traces[same]!));
    for (const other of ["bottlenecks.1", "weights.text.2"])
      expect(numbers(changed[other]!)).not.toEqual(numbers(traces[other]!));
  });

  test.each(["dropout", "attentionDropout"] as const)("%s acts in training, and needs a key", (rate) => {
    const dropping = bottleneckAttention({ inputs, ...options, [rate]: 0.5 });
    const drawn = (seed: number): number[] =>
      numbers(dropping.apply(params, x, { training: true, key: key(seed) }).output);
    expect(numbers(dropping.apply(params, x).output)).toEqual(numbers(fusion.apply(params, x).output));
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    expect(() => dropping.apply(params, x, { training: true })).toThrow("dropout: training needs a key");
  });

  test("in a model, with encoders and a linear readout", () => {
    const model = multimodal({
      encoders: {
        text: conv1d({ input: 6, output: 4, kernelSize: 1 }),
        audio: conv1d({ input: 2, output: 4, kernelSize: 3 }),
      },
      fusion: bottleneckAttention({ inputs: { text: 4, audio: 4 } }),
      readout: dense({ input: 4, output: 3 }),
    });
    const given = {
      text: { x: normal(keyFor(root, "words"), [2, 3, 6]), lengths: [3, 1] },
      audio: { x: normal(keyFor(root, "sound"), [2, 5, 2]), lengths: [2, 0] },
    };
    expect(model.apply(model.init(root), given).output.shape).toEqual([2, 3]);
  });

  test.each<[string, () => unknown, string]>([
    [
      "one modality",
      () => bottleneckAttention({ inputs: { text: 4 } }),
      "bottleneckAttention: expected at least two modalities in inputs, got text",
    ],
    [
      "two widths",
      () => bottleneckAttention({ inputs: { text: 4, audio: 3 } }),
      "bottleneckAttention: all sequences must have one width, got 4 for text and 3 for audio; map them to one with encoders, such as conv1d",
    ],
    [
      "a vector",
      () => bottleneckAttention({ inputs: Object({ text: 4, age: { kind: "vector", width: 4 } }) }),
      "bottleneckAttention: age is a vector, expected a sequence",
    ],
    [
      "heads that do not divide the width",
      () => bottleneckAttention({ inputs, heads: 3 }),
      "bottleneckAttention: the width must be a multiple of heads (3), got 4",
    ],
    [
      "a single fusion layer",
      () => bottleneckAttention({ inputs, layers: 2, fusionLayer: 1 }),
      "bottleneckAttention: fusionLayer must be an integer from 0 to layers - 2 (0), got 1; one layer writes the bottlenecks and the next one reads them",
    ],
    [
      "no bottleneck",
      () => bottleneckAttention({ inputs, bottlenecks: 0 }),
      "bottleneckAttention: bottlenecks must be an integer >= 1, got 0",
    ],
    [
      "an unknown summary",
      () => bottleneckAttention({ inputs, summary: Object("tokens") }),
      "bottleneckAttention: unknown summary tokens; did you mean token?",
    ],
    [
      "a rate of 1",
      () => bottleneckAttention({ inputs, attentionDropout: 1 }),
      "bottleneckAttention: attentionDropout must be a rate from 0 to less than 1, got 1",
    ],
  ])("%s is an error", (_, make, message) => {
    expect(make).toThrow(message);
  });
});
