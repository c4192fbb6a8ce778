import { conv1d } from "@sluice/cells";
import { grad, key, keyFor, leavesOf, mapTree, mul, normal, sum, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { double, expectGradients, storedIn, type Stored, type StoredByName } from "../../../../fixtures/stored.ts";
import { crossAttentionBlock, multimodal, pool, type CrossAttentionBlockOptions } from "../index.ts";

interface Case {
  readonly name: string;
  readonly options: Pick<CrossAttentionBlockOptions<string>, "heads" | "layers" | "causal">;
  readonly width: number;
  readonly inputs: { readonly query: Stored; readonly source: Stored };
  readonly params: StoredByName;
  readonly upstream: Stored;
  readonly output: Stored;
  readonly gradients: StoredByName;
}

const { cases } = storedIn<{ readonly cases: readonly Case[] }>("fusion/mult.json");

const numbers = (y: Tensor): number[] => [...valuesOf(y)];

describe.each(cases)("MulT by its authors: $name", (given) => {
  const inputs = { query: given.width, source: given.width };
  const fusion = crossAttentionBlock({ inputs, query: "query", ...given.options });
  const params = mapTree(fusion.init(key(1)), (_, path) => double(given.params[path]!));
  const at = { params, query: double(given.inputs.query), source: double(given.inputs.source) };
  const apply = ({ params: weights, query, source }: { [K in keyof typeof at]: (typeof at)[K] }) =>
    fusion.apply(weights, { query, source }).output;

  test("output", () => {
    const found = apply(at);
    expect(found.shape).toEqual(given.output.shape);
    numbers(found).forEach((y, i) => expect(y).toBeCloseTo(given.output.data[i]!, 12));
  });

  test("gradients", () => {
    const { params: byParams, ...byInputs } = grad((p: typeof at) => sum(mul(apply(p), double(given.upstream))))(at);
    const found = [...leavesOf(byParams), ...leavesOf(byInputs)].map(({ path, tensor: g }) => [path, g]);
    expectGradients(Object.fromEntries(found), given.gradients, 1e-12);
  });
});

describe("crossAttentionBlock", () => {
  const root = key(3);
  const inputs = { text: 4, audio: 4 };
  const [text, audio] = [normal(keyFor(root, "text"), [2, 3, 4]), normal(keyFor(root, "audio"), [2, 5, 4])];

  test("traces the weights of each layer", () => {
    const fusion = crossAttentionBlock({ inputs, query: "text", heads: 2, layers: 2 });
    const { traces, output } = fusion.apply(fusion.init(root), { text, audio }, { traces: true });
    expect(Object.entries(traces).map(([name, { shape }]) => [name, shape])).toEqual([
      ["weights.0", [2, 2, 3, 5]],
      ["weights.1", [2, 2, 3, 5]],
    ]);
    expect(output.shape).toEqual([2, 3, 4]);
  });

  test.each(["dropout", "reluDropout", "residualDropout"] as const)("%s acts in training, and needs a key", (rate) => {
    const fusion = crossAttentionBlock({ inputs, query: "text", [rate]: 0.5 });
    const params = fusion.init(root);
    const evaluated = numbers(fusion.apply(params, { text, audio }).output);
    const drawn = (seed: number) =>
      numbers(fusion.apply(params, { text, audio }, { training: true, key: key(seed) }).output);
    expect(drawn(1)).toEqual(drawn(1));
    expect(drawn(1)).not.toEqual(drawn(2));
    expect(drawn(1)).not.toEqual(evaluated);
    expect(() => fusion.apply(params, { text, audio }, { training: true })).toThrow("dropout: training needs a key");
  });

  test("after convolutions that give both sequences one width, as in the paper", () => {
    const model = multimodal({
      encoders: {
        text: conv1d({ input: 6, output: 4, kernelSize: 1, bias: false }),
        audio: conv1d({ input: 2, output: 4, kernelSize: 3, bias: false }),
      },
      fusion: crossAttentionBlock({ inputs, query: "text", heads: 2 }),
    });
    const given = {
      text: { x: normal(keyFor(root, "words"), [2, 3, 6]), lengths: [3, 1] },
      audio: { x: normal(keyFor(root, "sound"), [2, 5, 2]), lengths: [2, 5] },
    };
    const fused = model.apply(model.init(root), given);
    expect(numbers(fused.lengths!)).toEqual([3, 1]);
    expect(numbers(fused.output).slice(16)).toEqual(new Array(8).fill(0));
    expect(pool({ x: fused.output, lengths: [3, 1] }, { by: "last" }).x.shape).toEqual([2, 4]);
  });

  test.each<[string, () => unknown, string]>([
    [
      "two widths",
      () => crossAttentionBlock({ inputs: { text: 4, audio: 3 }, query: "text" }),
      "crossAttentionBlock: the two sequences must have one width, got 4 for text and 3 for audio; map one to the other's with an encoder, such as conv1d",
    ],
    [
      "heads that do not divide the width",
      () => crossAttentionBlock({ inputs, query: "text", heads: 3 }),
      "crossAttentionBlock: the width must be a multiple of heads (3), got 4",
    ],
    [
      "no layer",
      () => crossAttentionBlock({ inputs, query: "text", layers: 0 }),
      "crossAttentionBlock: layers must be an integer >= 1, got 0",
    ],
    [
      "an unknown query",
      () => crossAttentionBlock({ inputs, query: "txet" as never }),
      "crossAttentionBlock: unknown query txet; did you mean text?",
    ],
    [
      "three modalities",
      () => crossAttentionBlock({ inputs: { ...inputs, video: 4 }, query: "text" }),
      "crossAttentionBlock: expected two modalities in inputs, got text, audio, video",
    ],
    [
      "a rate of 1",
      () => crossAttentionBlock({ inputs, query: "text", residualDropout: 1 }),
      "crossAttentionBlock: residualDropout must be a rate from 0 to less than 1, got 1",
    ],
    [
      "the authors' name of an option",
      () => crossAttentionBlock(Object({ inputs, query: "text", attnMask: true })),
      "crossAttentionBlock: unknown option attnMask; did you mean causal?",
    ],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
