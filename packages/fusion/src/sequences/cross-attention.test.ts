import { grad, key, keyFor, mul, normal, sum, tensor, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { double, expectClose, storedIn, type Stored } from "../../../../fixtures/stored.ts";
import { crossAttention, type CrossAttentionParams, type DescribedModality } from "../index.ts";

interface Case {
  readonly name: string;
  readonly heads: number;
  readonly queryLengths: readonly number[];
  readonly keyLengths: readonly number[];
  readonly inputs: { readonly query: Stored; readonly source: Stored };
  readonly params: Readonly<Record<keyof CrossAttentionParams, Stored>>;
  readonly upstream: Stored;
  readonly weights: Stored;
  readonly output: Stored;
  readonly gradients: Readonly<Record<string, Stored>>;
}

const { cases } = storedIn<{ readonly cases: readonly Case[] }>("fusion/cross-attention.json");

const numbers = (y: Tensor): number[] => [...valuesOf(y)];

describe.each(cases)("PyTorch's MultiheadAttention: $name", (given) => {
  const fusion = crossAttention({ inputs: { query: 6, source: 2 }, query: "query", output: 6, heads: given.heads });
  const params = Object.fromEntries(
    Object.entries(given.params).map(([name, stored]) => [name, double(stored)]),
  ) as CrossAttentionParams;
  const at = { params, query: double(given.inputs.query), source: double(given.inputs.source) };
  const apply = ({ params: weights, query, source }: { [K in keyof typeof at]: (typeof at)[K] }) =>
    fusion.apply(
      weights,
      { query: { x: query, lengths: given.queryLengths }, source: { x: source, lengths: given.keyLengths } },
      { traces: true },
    );

  test("output and weights", () => {
    const { output, traces, lengths } = apply(at);
    expectClose("output", output, given.output, 1e-13);
    expectClose("weights", traces["weights"]!, given.weights, 1e-13);
    expect(numbers(lengths!)).toEqual(given.queryLengths);
  });

  test("gradients", () => {
    const { params: byParams, ...byInputs } = grad((p: typeof at) => sum(mul(apply(p).output, double(given.upstream))))(
      at,
    );
    for (const [name, g] of Object.entries({ ...byParams, ...byInputs }))
      expectClose(name, g, given.gradients[name]!, 1e-12);
  });
});

/** The equations in plain loops: `sees(row, i, j)` says whether query i sees key j. */
function plain(
  { Wq, Wk, Wv, Wo }: CrossAttentionParams,
  xa: Tensor,
  xb: Tensor,
  heads: number,
  sees: (row: number, i: number, j: number) => boolean,
): number[] {
  const [batch, queries, keys, output] = [xa.shape[0]!, xa.shape[1]!, xb.shape[1]!, Wo.shape[1]!];
  const d = output / heads;
  const product = (x: readonly number[], W: Tensor, column: number): number =>
    x.reduce((total, value, i) => total + value * numbers(W)[i * W.shape[1]! + column]!, 0);
  const stepOf = (x: Tensor, row: number, t: number): number[] => {
    const width = x.shape[2]!;
    return numbers(x).slice((row * x.shape[1]! + t) * width, (row * x.shape[1]! + t + 1) * width);
  };
  const result: number[] = [];
  for (let row = 0; row < batch; row++)
    for (let i = 0; i < queries; i++) {
      const joined = new Array<number>(output).fill(0);
      for (let head = 0; head < heads; head++) {
        const columns = Array.from({ length: d }, (_, c) => head * d + c);
        const seen = Array.from({ length: keys }, (_, j) => j).filter((j) => sees(row, i, j));
        const scores = seen.map(
          (j) =>
            columns.reduce(
              (total, c) => total + product(stepOf(xa, row, i), Wq, c) * product(stepOf(xb, row, j), Wk, c),
              0,
            ) / Math.sqrt(d),
        );
        const all = scores.reduce((total, score) => total + Math.exp(score), 0);
        for (const c of columns)
          joined[c] = seen.reduce(
            (total, j, n) => total + (Math.exp(scores[n]!) / all) * product(stepOf(xb, row, j), Wv, c),
            0,
          );
      }
      for (let c = 0; c < output; c++) result.push(product(joined, Wo, c));
    }
  return result;
}

describe("crossAttention", () => {
  const root = key(11);
  const draw = (name: string, shape: readonly number[]): ArrayTensor =>
    normal(keyFor(root, name), shape, { dtype: "f64" }) as ArrayTensor;
  const [text, audio] = [draw("text", [2, 3, 2]), draw("audio", [2, 4, 3])];
  const times = { text: [0.5, 2, 3, 0, 1, 9], audio: [1, 2, 2.5, 4, 1, 3, 5, 7] };
  const fusion = (causal: boolean) =>
    crossAttention({ inputs: { text: 2, audio: 3 }, query: "text", output: 4, heads: 2, causal });
  const params = fusion(false).init(key(1), { dtype: "f64" });

  test("is its equation in plain loops, with keys that are missing", () => {
    const here = [1, 0, 1, 1, 0, 0, 0, 1];
    const found = fusion(false).apply(params, {
      text,
      audio: { x: audio, present: tensor(here, [2, 4], { dtype: "bool" }) },
    });
    const expected = plain(params, text, audio, 2, (row, _, j) => here[4 * row + j] === 1);
    numbers(found.output).forEach((y, i) => expect(y).toBeCloseTo(expected[i]!, 12));
  });

  test("sees by time what has been, if it is causal, and by step without times", () => {
    const timed: Record<"text" | "audio", DescribedModality> = {
      text: { x: text, times: tensor(new Float64Array(times.text), [2, 3]) },
      audio: { x: audio, times: tensor(new Float64Array(times.audio), [2, 4]) },
    };
    const byTime = fusion(true).apply(params, timed);
    const sees = (row: number, i: number, j: number): boolean => times.audio[4 * row + j]! <= times.text[3 * row + i]!;
    plain(params, text, audio, 2, sees).forEach((y, i) => expect(numbers(byTime.output)[i]).toBeCloseTo(y, 12));
    expect(byTime.times).toBe(timed.text.times);
    const byStep = numbers(fusion(true).apply(params, { text, audio }).output);
    plain(params, text, audio, 2, (_, i, j) => j <= i).forEach((y, i) => expect(byStep[i]).toBeCloseTo(y, 12));
  });

  test("gives zeros, and no gradient, where no key is seen", () => {
    const none = tensor([1, 0], [2], { dtype: "bool" });
    const junk = tensor(
      numbers(audio).map((value, i) => (i < 12 ? value : NaN)),
      [2, 4, 3],
      { dtype: "f64" },
    );
    const of = (at: { text: Tensor; audio: Tensor }) =>
      fusion(false).apply(params, { text: at.text, audio: { x: at.audio, present: none } }).output;
    expect(numbers(of({ text, audio: junk })).slice(12)).toEqual(new Array(12).fill(0));
    const gradients = grad((at: { text: Tensor; audio: Tensor }) => sum(of(at)))({ text, audio: junk });
    expect(numbers(gradients.text).slice(6)).toEqual(new Array(6).fill(0));
    expect(numbers(gradients.audio).slice(12)).toEqual(new Array(12).fill(0));
    expect(
      numbers(gradients.audio)
        .slice(0, 12)
        .some((g) => g !== 0),
    ).toBe(true);
  });

  test("takes sequences without steps", () => {
    const nothing = tensor(new Float64Array(0), [2, 0, 3]);
    expect(numbers(fusion(false).apply(params, { text, audio: nothing }).output)).toEqual(new Array(24).fill(0));
  });

  test("drops weights in training, and keeps their mean", () => {
    const dropping = crossAttention({ inputs: { text: 2, audio: 3 }, query: "text", output: 4, dropout: 0.5 });
    const ones = { ...params, Wo: tensor(new Float64Array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]), [4, 4]) };
    const whole = numbers(dropping.apply(ones, { text, audio }).output);
    const means = new Array<number>(whole.length).fill(0);
    const draws = 600;
    for (let i = 0; i < draws; i++) {
      const drawn = dropping.apply(ones, { text, audio }, { training: true, key: keyFor(root, `draw ${i}`) });
      numbers(drawn.output).forEach((y, at) => (means[at]! += y / draws));
    }
    means.forEach((y, i) => expect(Math.abs(y - whole[i]!)).toBeLessThan(0.15));
    expect(() => dropping.apply(ones, { text, audio }, { training: true })).toThrow(
      "crossAttention: dropout: training needs a key",
    );
  });

  const inputs = { text: 2, audio: 3 };
  test.each<[string, () => unknown, string]>([
    [
      "three modalities",
      () => crossAttention({ inputs: { ...inputs, video: 1 }, query: "text", output: 4 }),
      "crossAttention: expected two modalities in inputs, got text, audio, video",
    ],
    [
      "an unknown query",
      () => crossAttention({ inputs, query: "txet" as never, output: 4 }),
      "crossAttention: unknown query txet; did you mean text?",
    ],
    [
      "heads that do not divide the output",
      () => crossAttention({ inputs, query: "text", output: 4, heads: 3 }),
      "crossAttention: output must be a multiple of heads (3), got 4",
    ],
    [
      "a rate of 1",
      () => crossAttention({ inputs, query: "text", output: 4, dropout: 1 }),
      "crossAttention: dropout must be a rate from 0 to less than 1, got 1",
    ],
    [
      "times of one modality only",
      () => fusion(true).apply(params, { text, audio: { x: audio, times: tensor(new Float64Array(8), [2, 4]) } }),
      "crossAttention: causal needs the times of both modalities; text has none",
    ],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
