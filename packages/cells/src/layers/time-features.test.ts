import {
  add,
  assertGradient,
  grad,
  key,
  mapTree,
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
import { afterAll, describe, expect, test } from "vitest";
import {
  dense,
  gru,
  sequence,
  sequential,
  sinusoidalTime,
  stream,
  time2Vec,
  timeDecay,
  withTimeFeatures,
  type TimeFeaturesLayer,
} from "../index.ts";
import { onBackend } from "../testing/compiled.ts";
import { layerSubject } from "../testing/subject.ts";

const root = key(3);
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const times = uniform(root, [2, 4, 1], { low: 0, high: 3, dtype: "f64" });
const backend = wasm();
afterAll(() => backend.close());

/** The weights of a layer, away from where they begin. */
function weightsOf(layer: TimeFeaturesLayer): { readonly [path: string]: number[] } {
  const found: Record<string, number[]> = {};
  mapTree(drawn(layer), (w, path) => ((found[path] = numbers(w)), w));
  return found;
}

const drawn = (layer: TimeFeaturesLayer) =>
  mapTree(layer.init(root, { dtype: "f64" }), (w) => add(w, normal(key(8), w.shape, { deviation: 0.3, dtype: "f64" })));

type Equations = (t: number, W: readonly number[], b: readonly number[]) => number[];

const layers: readonly (readonly [string, TimeFeaturesLayer, Equations])[] = [
  [
    "time2Vec",
    time2Vec({ features: 4 }),
    (t, W, b) => W.map((w, i) => (i === 0 ? w * t + b[i]! : Math.sin(w * t + b[i]!))),
  ],
  ["time2Vec of one feature", time2Vec({ features: 1 }), (t, [w], [b]) => [w! * t + b!]],
  [
    "sinusoidalTime",
    sinusoidalTime({ features: 5, base: 10, scale: 48 }),
    (t) => [0, 0, 1, 1, 2].map((i, k) => (k % 2 === 0 ? Math.sin : Math.cos)(48 * t * 10 ** ((-2 * i) / 5))),
  ],
  ["timeDecay", timeDecay({ features: 3 }), (t, W, b) => W.map((w, i) => Math.exp(-Math.max(0, w * t + b[i]!)))],
];

describe.each(layers)("%s", (_, layer, equations) => {
  const params = drawn(layer);

  test("is its equations, in plain numbers", () => {
    const { W = [], b = [] } = weightsOf(layer);
    const { output } = layer.apply(params, times);
    expect(output.shape).toEqual([2, 4, layer.features]);
    const expected = numbers(times).flatMap((t) => equations(t, W, b));
    // The angles are up to 150, and each is rounded once or twice.
    numbers(output).forEach((y, i) => expect(Math.abs(y - expected[i]!)).toBeLessThan(1e-13));
    const vectors = layer.apply(params, sliceAxis(tensor(numbers(times), [8, 1], { dtype: "f64" }), 0, 0, 3)).output;
    expect(numbers(vectors)).toEqual(numbers(output).slice(0, 3 * layer.features));
  });

  test("steps that are not looked at give zeros, and reach nothing", () => {
    const mask = tensor([1, 0, 1, 1, 1, 1, 1, 1], [2, 4], { dtype: "bool" });
    const taken = tensor([1, 0, 1, 1, 1, 1, 0, 0], [2, 4, 1], { dtype: "bool" });
    const at = (fill: number) => {
      const given = select(taken, times, fill);
      const f = (p: typeof params): Tensor => layer.apply(p, given, { mask, lengths: [4, 2] }).output;
      const found: number[][] = [numbers(f(params))];
      mapTree(grad((p: typeof params) => sum(f(p)))(params), (g) => (found.push(numbers(g)), g));
      return found;
    };
    expect(at(NaN)).toEqual(at(0));
    expect(
      at(0)[0]!
        .slice(layer.features, 2 * layer.features)
        .every((y) => y === 0),
    ).toBe(true);
  });

  test("has the gradient of finite differences", () => {
    assertGradient(
      (at: { params: typeof params; times: Tensor }) => layer.apply(at.params, at.times).output,
      { params, times },
      { samples: 4 },
    );
  });

  test("beside a sequence: the reference's bits on WebAssembly, and step by step", async () => {
    const model = sequential([
      withTimeFeatures({ input: 2, features: layer, reads: layer.kind === "timeDecay" ? "elapsed" : "time" }),
      sequence(gru({ input: 2 + layer.features, hidden: 3 })),
      dense({ input: 3, output: 1 }),
    ]);
    const subject = layerSubject(model as never, undefined);
    await onBackend(subject, backend, 0);
    const { output } = model.apply(subject.params as never, subject.x, { extra: subject.extra });
    const reading = await stream(model, subject.params as never, { batch: 3 });
    for (let t = 0; t < 4; t++) {
      const step = (x: Tensor): Tensor => tensor(numbers(sliceAxis(x, 1, t, t + 1)), [3, x.shape[2]!]);
      const extra = Object.fromEntries(Object.entries(subject.extra).map(([name, e]) => [name, step(e)]));
      expect(numbers(await reading.step(step(subject.x) as never, { extra: extra as never }))).toEqual(
        numbers(sliceAxis(output, 1, t, t + 1)),
      );
    }
    await reading.dispose();
  });
});

describe("withTimeFeatures", () => {
  const layer = withTimeFeatures({ input: 2, features: timeDecay({ input: 3, features: 2 }), reads: "delta" });
  const params = layer.init(root);
  const x = normal(root, [1, 2, 2]);

  test("puts the features after x", () => {
    const delta = uniform(root, [1, 2, 3]);
    const { output } = layer.apply(params, x, { extra: { delta } });
    const made = timeDecay({ input: 3, features: 2 }).apply(params.features, delta).output;
    expect(output.shape).toEqual([1, 2, 4]);
    for (const t of [0, 1])
      expect(numbers(sliceAxis(output, 1, t, t + 1))).toEqual([
        ...numbers(sliceAxis(x, 1, t, t + 1)),
        ...numbers(sliceAxis(made, 1, t, t + 1)),
      ]);
  });

  test.each<[string, () => unknown, string]>([
    ["no features", () => time2Vec(Object({})), "time2Vec: features must be an integer >= 1, got undefined"],
    ["another name", () => time2Vec(Object({ dim: 3 })), "time2Vec: unknown option dim; did you mean features?"],
    [
      "a base of 1",
      () => sinusoidalTime({ features: 2, base: 1 }),
      "sinusoidalTime: base must be a finite number > 1, got 1",
    ],
    [
      "a scale of 0",
      () => sinusoidalTime({ features: 2, scale: 0 }),
      "sinusoidalTime: scale must be a finite number > 0, got 0",
    ],
    ["no inputs", () => timeDecay({ input: 0, features: 2 }), "timeDecay: input must be an integer >= 1, got 0"],
    [
      "times of another width",
      () => time2Vec({ features: 2 }).apply(time2Vec({ features: 2 }).init(root), x),
      "time2Vec: expected times [batch, time, 1] or [batch, 1], got [1, 2, 2]",
    ],
    [
      "another extra input",
      () => withTimeFeatures({ input: 2, features: timeDecay({ features: 2 }), reads: "times" as never }),
      'withTimeFeatures: reads is "times", expected "time", "elapsed" or "delta"',
    ],
    [
      "features that are not a layer",
      () => withTimeFeatures({ input: 2, features: Object(time2Vec) }),
      "withTimeFeatures: features is",
    ],
    [
      "a negative elapsed time",
      () => layer.apply(params, x, { extra: { delta: tensor([0, 0, 0, 1, -1, 0], [1, 2, 3]) } }),
      "withTimeFeatures: extra delta must be finite and at least 0, got -1 in row 0, step 1",
    ],
    [
      "no times",
      () => layer.apply(params, x),
      "withTimeFeatures: extra delta must be [1,2,3] (batch, time, ...), got none",
    ],
  ])("refuses %s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
