import {
  assertGradient,
  grad,
  key,
  leavesOf,
  mapTree,
  mul,
  normal,
  select,
  sliceAxis,
  sum,
  tensor,
  uniform,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { double, expectClose, expectGradients, storedIn, type Stored } from "../../../../fixtures/stored.ts";
import {
  dense,
  gru,
  multiTimeAttention,
  sequence,
  sequential,
  sinusoidalTime,
  stream,
  time2Vec,
  timeAttention,
  timeDecay,
  type TimeFeaturesLayer,
} from "../index.ts";
import { onBackend } from "../testing/compiled.ts";
import { layerSubject } from "../testing/subject.ts";

interface Case {
  readonly name: string;
  readonly heads: number;
  readonly learned: boolean;
  readonly maskChannels: boolean;
  readonly reference: readonly number[];
  readonly lengths: readonly number[];
  readonly x: Stored;
  readonly mask: Stored;
  readonly time: Stored;
  readonly params: Readonly<Record<string, Stored>>;
  readonly upstream: Stored;
  readonly output: Stored;
  readonly gradients: Readonly<Record<string, Stored>>;
}

const { cases } = storedIn<{ readonly cases: readonly Case[] }>("layers/time-attention.json");

const numbers = (y: Tensor): number[] => [...valuesOf(y)];

describe.each(cases)("mTAN's authors: $name", (given) => {
  const { heads, maskChannels, reference, lengths } = given;
  const features: TimeFeaturesLayer = given.learned
    ? time2Vec({ features: 4 })
    : sinusoidalTime({ features: 4, base: 10, scale: 48 });
  const layer = timeAttention({ input: 2, output: 3, reference, heads, maskChannels, features });
  const params = mapTree(layer.init(key(1), { dtype: "f64" }), (_, path) => double(given.params[path]!));
  const at = { params, x: double(given.x) };
  const mask = tensor([...given.mask.data], given.mask.shape, { dtype: "bool" });
  const extra = { time: double(given.time), mask };
  const apply = (p: { params: typeof params; x: Tensor }): Tensor =>
    layer.apply(p.params, p.x, { extra, lengths }).output;

  test("output", () => {
    expectClose("output", apply(at), given.output, 1e-13);
  });

  test("gradients", () => {
    const found = grad((p: { params: typeof params; x: Tensor }) => sum(mul(apply(p), double(given.upstream))))(at);
    const byPath = Object.fromEntries(leavesOf(found.params).map(({ path, tensor: g }) => [path, g]));
    expectGradients({ ...byPath, x: found.x }, given.gradients, 1e-12);
  });
});

describe("timeAttention", () => {
  const root = key(4);
  const reference = [0, 0.5, 1];
  const layer = timeAttention({ input: 2, output: 3, reference, heads: 2, features: time2Vec({ features: 4 }) });
  const params = layer.init(root, { dtype: "f64" });
  const x = normal(root, [2, 4, 2], { dtype: "f64" });
  const time = uniform(root, [2, 4, 1], { dtype: "f64" });
  const mask = tensor([1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1], [2, 4, 2], { dtype: "bool" });
  const options = { extra: { time, mask }, lengths: [4, 3] };

  test("what was not observed reaches nothing, NaN included", () => {
    const at = (fill: number) => {
      const filled = select(mask, x, fill);
      // Only the last step of row 1 is beyond its length.
      const times = tensor(
        numbers(time).map((t, i) => (i === 7 ? fill : t)),
        [2, 4, 1],
        { dtype: "f64" },
      );
      const given = { ...options, extra: { time: times, mask } };
      const g = grad((p: typeof params) => sum(layer.apply(p, filled, given).output))(params);
      const found: number[][] = [numbers(layer.apply(params, filled, given).output)];
      mapTree(g, (value) => (found.push(numbers(value)), value));
      return found;
    };
    expect(at(NaN)).toEqual(at(0));
  });

  test("a row in any order, or alone, has the same output", () => {
    const whole = numbers(layer.apply(params, x, options).output);
    const alone = layer.apply(params, sliceAxis(sliceAxis(x, 0, 1, 2), 1, 0, 3), {
      extra: { time: sliceAxis(sliceAxis(time, 0, 1, 2), 1, 0, 3), mask: sliceAxis(sliceAxis(mask, 0, 1, 2), 1, 0, 3) },
    });
    numbers(alone.output).forEach((y, i) => expect(y).toBeCloseTo(whole[9 + i]!, 13));
  });

  test("a row that observes nothing gives the last bias", () => {
    const biased = { ...params, bo: tensor([1, 2, 3], [3], { dtype: "f64" }) };
    const absent = tensor([1, 0], [2], { dtype: "bool" });
    const { output } = layer.apply(biased, x, { ...options, present: absent });
    expect(numbers(output).slice(9)).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
    const without = layer.apply(biased, sliceAxis(x, 1, 0, 0), {
      extra: { time: sliceAxis(time, 1, 0, 0), mask: sliceAxis(mask, 1, 0, 0) },
    });
    expect(numbers(without.output)).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
  });

  test("has the gradient of finite differences, of parameters, values and times", () => {
    assertGradient(
      (at: { params: typeof params; x: Tensor; time: Tensor }) =>
        layer.apply(at.params, at.x, { ...options, extra: { time: at.time, mask } }).output,
      { params, x, time },
      { samples: 3 },
    );
  });

  test("has the reference's bits on WebAssembly", async () => {
    const backend = wasm();
    const subject = layerSubject(layer, undefined);
    await onBackend(subject, backend, 0);
    await backend.close();
  });

  test("a recurrent layer after it runs over the reference points, whatever the lengths", () => {
    const model = sequential([layer, sequence(gru({ input: 3, hidden: 2 })), dense({ input: 2, output: 1 })]);
    const weights = model.init(root, { dtype: "f64" });
    expect(model.outputShape({ batch: 2, time: 4 })).toEqual([2, 3, 1]);
    const { output } = model.apply(weights, x, { ...options, lengths: [4, 1] });
    expect(output.shape).toEqual([2, 3, 1]);
    expect(numbers(output).every((y) => y !== 0)).toBe(true);
  });

  test("cannot be read step by step", async () => {
    await expect(stream(layer, params)).rejects.toThrow(
      "stream: timeAttention needs the whole sequence: its reference points read all steps",
    );
  });

  const features = time2Vec({ features: 4 });
  test.each<[string, () => unknown, string]>([
    [
      "no reference points",
      () => timeAttention({ input: 2, output: 3, reference: [], features }),
      "timeAttention: reference must be finite times, such as [0, 0.5, 1], got none",
    ],
    [
      "a reference point that is not finite",
      () => timeAttention({ input: 2, output: 3, reference: [0, NaN], features }),
      "timeAttention: reference must be finite times, such as [0, 0.5, 1], got NaN",
    ],
    [
      "heads that do not divide the features",
      () => timeAttention({ input: 2, output: 3, reference, features, heads: 3 }),
      "timeAttention: heads must divide the number of time features (4), got 3",
    ],
    [
      "features of several times",
      () => timeAttention({ input: 2, output: 3, reference, features: timeDecay({ input: 2, features: 4 }) }),
      "timeAttention: the features must be of one time, got timeDecay of 2",
    ],
    [
      "features that are not a layer",
      () => timeAttention({ input: 2, output: 3, reference, features: 4 as never }),
      "timeAttention: features is 4, expected a layer",
    ],
    [
      "the authors' name of an option",
      () => timeAttention(Object({ input: 2, output: 3, query: [0], features })),
      "timeAttention: unknown option query; did you mean reference?",
    ],
    [
      "no mask",
      () => layer.apply(params, x, { extra: { time } }),
      "timeAttention: extra mask must be [2,4,2] (batch, time, ...), got none",
    ],
    [
      "a mask of other numbers than 0 and 1",
      () => layer.apply(params, x, { extra: { time, mask: uniform(root, [2, 4, 2], { dtype: "f64" }) } }),
      "timeAttention: extra mask must be 0 or 1, got",
    ],
    [
      "resets",
      () => layer.apply(params, x, { ...options, resets: tensor([0, 0, 1, 0, 0, 0, 0, 0], [2, 4], { dtype: "bool" }) }),
      "timeAttention: resets needs a sequence that is read step by step",
    ],
    ["a trace", () => layer.apply(params, x, { ...options, traces: ["weights"] }), "timeAttention: no trace weights"],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});

test("multiTimeAttention is the mean with the weights of a softmax, of each channel over its own steps", () => {
  const shapes = fc.record({
    batch: fc.integer({ min: 1, max: 3 }),
    time: fc.integer({ min: 0, max: 5 }),
    channels: fc.integer({ min: 1, max: 3 }),
    count: fc.integer({ min: 1, max: 3 }),
    heads: fc.integer({ min: 1, max: 2 }),
    seed: fc.nat(999),
  });
  fc.assert(
    fc.property(shapes, ({ batch, time, channels, count, heads, seed }) => {
      const d = 2;
      const draw = (n: number, shape: readonly number[]) => normal(key(10 * seed + n), shape, { dtype: "f64" });
      const queries = draw(1, [1, count, heads * d]);
      const [keys, values] = [draw(2, [batch, time, heads * d]), draw(3, [batch, time, channels])];
      const flags = numbers(uniform(key(seed), [batch, time, channels])).map((u) => (u < 0.6 ? 1 : 0));
      const mask = tensor(flags, [batch, time, channels], { dtype: "bool" });
      const found = multiTimeAttention({ queries, keys, values, mask }, { heads });
      expect(found.shape).toEqual([batch, count, heads * channels]);
      const at = (x: Tensor, ...place: number[]) =>
        numbers(x)[place.reduce((all, i, axis) => all * x.shape[axis]! + i, 0)]!;
      for (let b = 0; b < batch; b++)
        for (let q = 0; q < count; q++)
          for (let h = 0; h < heads; h++)
            for (let c = 0; c < channels; c++) {
              let [total, sumOf] = [0, 0];
              for (let t = 0; t < time; t++) {
                if (at(mask, b, t, c) === 0) continue;
                let score = 0;
                for (let i = h * d; i < (h + 1) * d; i++) score += at(queries, 0, q, i) * at(keys, b, t, i);
                const e = Math.exp(score / Math.sqrt(d));
                total += e;
                sumOf += e * at(values, b, t, c);
              }
              expect(at(found, b, q, h * channels + c)).toBeCloseTo(total === 0 ? 0 : sumOf / total, 12);
            }
    }),
    { numRuns: 30 },
  );
});

test("a channel that was observed only where the scores are far below the best has a finite mean and gradient", () => {
  const [queries, keys] = [tensor([100], [1, 1, 1]), tensor([0, 1, 9], [1, 3, 1])];
  const mask = tensor([1, 0, 1, 0, 0, 1], [1, 3, 2], { dtype: "bool" });
  const mean = (values: Tensor): Tensor => multiTimeAttention({ queries, keys, values, mask });
  const values = tensor([2, NaN, 4, NaN, NaN, 5], [1, 3, 2]);
  expect(numbers(mean(values))).toEqual([3, 5]);
  expect(numbers(grad((v: Tensor) => sum(mean(v)))(values))).toEqual([0.5, 0, 0.5, 0, 0, 1]);
});

test.each<[string, () => unknown, string]>([
  [
    "keys of another length",
    () =>
      multiTimeAttention({
        queries: normal(key(1), [1, 2, 4]),
        keys: normal(key(1), [2, 3, 4]),
        values: normal(key(1), [2, 4, 1]),
      }),
    "multiTimeAttention: keys [2,3,4] and values [2,4,1] differ in batch or time",
  ],
  [
    "queries of another width",
    () =>
      multiTimeAttention({
        queries: normal(key(1), [1, 2, 3]),
        keys: normal(key(1), [2, 3, 4]),
        values: normal(key(1), [2, 3, 1]),
      }),
    "multiTimeAttention: queries must be [2 or 1, queries, 4] to fit the keys [2,3,4], got [1,2,3]",
  ],
  [
    "a mask of numbers",
    () =>
      multiTimeAttention({
        queries: normal(key(1), [1, 2, 4]),
        keys: normal(key(1), [2, 3, 4]),
        values: normal(key(1), [2, 3, 1]),
        mask: normal(key(1), [2, 3, 1]),
      }),
    "multiTimeAttention: the mask must be bool [2,3,1], like the values, got f32 [2,3,1]",
  ],
])("multiTimeAttention refuses %s", (_, run, message) => {
  expect(run).toThrow(message);
});
