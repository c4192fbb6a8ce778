import { dense, gru, sequence } from "@sluice/cells";
import { twoModalities, type Dataset } from "@sluice/data";
import { concatenation, gmu, multimodal } from "@sluice/fusion";
import { inProcess, memoryStore, planRun, runStudy, weightFiles } from "@sluice/study";
import { full, key, keyFor, normal, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { loadState } from "@sluice/train";
import { runInMemory } from "@sluice/trials/testing";
import { describe, expect, test } from "vitest";
import { multimodalStudy, type MultimodalStudyOptions } from "../index.ts";
import { subsetsOf } from "./parts.ts";

const encoder = () => sequence(gru({ input: 2, hidden: 6 }), { outputs: "last" });
const encoders = { a: encoder(), b: encoder() };
const inputs = { a: 6, b: 6 };
const data = twoModalities({
  interaction: "unique",
  time: 6,
  features: 2,
  noise: 2,
  train: 240,
  validation: 60,
  test: 100,
  key: key(3),
});
const options: MultimodalStudyOptions = {
  name: "bits",
  data,
  encoders,
  fusions: { gmu: gmu({ inputs, output: 6 }), concatenation: concatenation({ inputs }) },
  dropout: 0.2,
  epochs: 8,
  batch: 20,
  learningRate: 0.01,
  seeds: 1,
};

async function run(given: MultimodalStudyOptions) {
  const store = memoryStore();
  const plan = await planRun(multimodalStudy(given), { store, executor: inProcess() });
  const { records, document } = await runStudy(plan);
  return { records, document, store };
}

test("the class is that of one modality: with it the accuracy is near the best one, without it at chance", async () => {
  const { records, document, store } = await run(options);
  expect(records.map(({ status, reason, warnings }) => [status, reason, warnings])).toEqual(
    Array(2).fill(["done", undefined, []]),
  );
  for (const { metrics } of records) {
    // Three standard deviations of 100 examples.
    const near = (best: number): number => 100 * (best - 3 * Math.sqrt((best * (1 - best)) / 100));
    expect(metrics["with a"]).toBeGreaterThan(near(data.best.a) - 5);
    expect(Math.abs(metrics["with b"]! - 50)).toBeLessThan(15);
    // Nothing is missing in these data, so that all modalities are what the examples have.
    expect(metrics["with a + b"]).toBeCloseTo(metrics["accuracy"]!, 8);
  }
  expect(document.claims.map(({ text }) => text)).toEqual([
    `On ${data.name}, gmu is better than concatenation (higher held-out accuracy).`,
  ]);

  // The same, by the network itself with the weights that were kept.
  const net = multimodal({
    encoders,
    fusion: gmu({ inputs, output: 6 }),
    readout: dense({ input: 6, output: 2 }),
  });
  const params = await loadState(await store.readFile(records[0]!, weightFiles.best), net.init(key(0)));
  const flags = (isThere: boolean): Tensor => full([100], Number(isThere), "bool");
  const y = valuesOf(data.test.y);
  for (const kept of [["a"], ["b"], ["a", "b"]]) {
    const of = (name: "a" | "b") => ({ x: data.test[name], present: flags(kept.includes(name)) });
    const logits = valuesOf(net.apply(params, { a: of("a"), b: of("b") }).output);
    const right = [...y].filter((label, row) => Number(logits[2 * row + 1]! > logits[2 * row]!) === label).length;
    expect(records[0]!.metrics[`with ${kept.join(" + ")}`]).toBeCloseTo(right, 8);
  }
});

test("a trial that is stopped goes on to the same bits", async () => {
  const own = multimodalStudy({ ...options, epochs: 2 });
  const config = own.settings;
  const whole = await runInMemory(own, { config });
  for (const stopAt of [5, 24]) {
    const stopped = await runInMemory(own, { config, stopAt });
    expect(stopped.outcome).toBeNull();
    expect(await runInMemory(own, { config, from: stopped.left })).toEqual(whole);
  }
});

test("a tuning trial does not look at the test data", async () => {
  const own = multimodalStudy({ ...options, epochs: 1 });
  const { outcome } = await runInMemory(own, { config: own.settings, tuning: true });
  expect(outcome?.metrics).toEqual({ validation: expect.any(Number) });
  const tune = { rate: [1e-3, 1e-1], dropout: [0, 0.5], trials: 3 } as const;
  expect(multimodalStudy({ ...options, tune }).tune).toEqual({
    over: { learningRate: { logUniform: [1e-3, 1e-1] }, dropout: { uniform: [0, 0.5] } },
    ...{ by: "random", metric: "validation", trials: { full: 3, quick: 2 } },
  });
  expect(() => multimodalStudy({ ...options, dropout: { a: 0.3 }, tune })).toThrow(
    "multimodalStudy: tune: unknown option dropout",
  );
});

test("every subset but the empty one, small ones first", () => {
  expect(subsetsOf(["a", "b", "c"]).map((kept) => kept.join(""))).toEqual(["a", "b", "c", "ab", "ac", "bc", "abc"]);
  expect(subsetsOf(["a", "b", "c", "d", "e"])).toHaveLength(31);
});

/** The number of each step is the sum of two sequences, of which one is in parts of other names, and may be missing. */
function sums(missing: number, seed: number, count: number) {
  const draw = (name: string) => normal(keyFor(key(seed), name), [count, 4, 1]);
  const [left, right] = [draw("left"), draw("right")];
  const lengths = Int32Array.from({ length: count }, (_, row) => 2 + (row % 3));
  const isThere = (row: number): boolean => row % 5 !== 0;
  const filled = Float32Array.from(valuesOf(right), (value, at) => (isThere(Math.floor(at / 4)) ? value : missing));
  const y = Float32Array.from(valuesOf(left), (value, at) => value + (valuesOf(right)[at] ?? 0));
  return {
    left,
    other: tensor(filled, [count, 4, 1]),
    steps: tensor(lengths),
    has: tensor(
      Array.from({ length: count }, (_, row) => Number(isThere(row))),
      [count],
      { dtype: "bool" },
    ),
    y: tensor(y, [count, 4, 1]),
  };
}

test("a number for each step, of modalities that are missing in the data, reached by nothing that is missing", async () => {
  const setOf = (missing: number): Dataset => ({
    name: "sums",
    train: sums(missing, 1, 60),
    validation: sums(missing, 2, 20),
    test: sums(missing, 3, 30),
    provenance: { source: "made", licence: "none", files: { "sums.txt": "abc" }, split: "", caution: "" },
  });
  const steps = { kind: "sequence", width: 4 } as const;
  const given = (missing: number): MultimodalStudyOptions => ({
    ...options,
    name: "sums",
    data: () => setOf(missing),
    kind: "regression",
    encoders: { left: sequence(gru({ input: 1, hidden: 4 })), right: sequence(gru({ input: 1, hidden: 4 })) },
    fusions: { gmu: gmu({ inputs: { left: steps, right: steps }, output: 4 }) },
    modalities: {
      left: { lengths: "steps" },
      right: { x: "other", lengths: "steps", present: "has" },
    },
    dropout: { right: 0.2 },
    epochs: 3,
  });
  const [zeros, nans] = [await run(given(0)), await run(given(NaN))];
  expect(zeros.records[0]).toMatchObject({ status: "done", warnings: [] });
  expect(nans.records[0]!.metrics).toEqual(zeros.records[0]!.metrics);
  const { metrics } = zeros.records[0]!;
  expect(metrics["with left + right"]).toBeCloseTo(metrics["rmse"]!, 8);
  expect(metrics["with left"]).not.toBe(metrics["with left + right"]);
  expect(await multimodalStudy(given(0)).data?.({ dataFolder: null })).toEqual({ "sums.txt": "abc" });
});

describe("what is wrong is named", () => {
  const fusion = gmu({ inputs, output: 6 });
  test.for([
    [{ fusion: { fusion } }, "multimodalStudy: unknown option fusion; did you mean fusions?"],
    [{ missing: 0.2 }, "multimodalStudy: unknown option missing; did you mean dropout?"],
    [{ fusions: fusion }, "multimodalStudy: fusions is one fusion, expected fusions by name; write { gmu: fusion }"],
    [{ fusions: {} }, "multimodalStudy: fusions is an object without members, expected fusions by name"],
    [{ encoders: { a: encoders.a, c: encoders.b } }, "multimodal: encoders: unknown option c"],
    [{ encoders: { a: gru({ input: 2, hidden: 6 }), b: encoders.b } }, "this is a cell; run it over time"],
    [
      { fusions: { gmu: gmu({ inputs: { a: 6 }, output: 2 }) }, encoders: { a: encoders.a } },
      "expected 2 to 6 modalities, got 1",
    ],
    [{ dropout: 1 }, "multimodalStudy: expected dropout as a probability of at least 0 and below 1, got 1"],
    [{ dropout: { c: 0.2 } }, "multimodalStudy: dropout: unknown option c"],
    [{ modalities: { c: {} } }, "multimodalStudy: modalities: unknown option c"],
    [{ modalities: { a: { part: "x" } } }, "multimodalStudy: modalities.a: unknown option part; did you mean x?"],
    [{ modalities: { a: { lengths: 3 } } }, "multimodalStudy: modalities.a: lengths is 3, expected the name of a part"],
    [{ data: 3 }, "multimodalStudy: data is 3, expected a data set"],
    [
      { data: () => data },
      "multimodalStudy: data that a function makes needs a kind: classification, labelling, regression",
    ],
    [
      { kind: "characters" },
      "multimodalStudy: the target y is i32 [240], expected i32 [examples, time] for characters",
    ],
    [{ batch: 0 }, "multimodalStudy: expected batch as an integer >= 1, got 0"],
  ])("%#", ([given, message]) => {
    expect(() => multimodalStudy({ ...options, ...Object(given) })).toThrow(String(message));
  });

  test("a part that the examples do not have", async () => {
    const { records } = await run({ ...options, modalities: { a: { x: "c" } } });
    expect(records[0]!.reason).toContain(
      "multimodalStudy: modalities.a: the examples have no part c for x; they have a, b, y",
    );
  });
});
