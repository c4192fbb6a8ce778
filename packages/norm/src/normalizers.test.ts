// Our normalizers pass the suite that others' must, and the suite finds what is wrong.
import { add, mean, mul, stopGradient, sub, sum, uniform } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { adaNorm, batchNorm, dyT, groupNorm, layerNorm, rmsNorm, scaleNorm, type Normalizer } from "./index.ts";
import { normalizerSuite, type NormalizerSuiteOptions } from "./testing/index.ts";

const backend = wasm();
afterAll(() => backend.close());

interface Ours {
  readonly what: string;
  readonly normalizer: Normalizer;
  readonly except?: NormalizerSuiteOptions["except"];
}

const ours: readonly Ours[] = [
  { what: "layerNorm", normalizer: layerNorm() },
  { what: "rmsNorm without gain", normalizer: rmsNorm({ gain: false }) },
  { what: "batchNorm", normalizer: batchNorm({ steps: 3 }) },
  {
    what: "batchNorm shared by all steps",
    normalizer: batchNorm({ steps: 1, gain: false, bias: false, momentum: 0.5 }),
  },
  { what: "groupNorm", normalizer: groupNorm({ groups: 3 }) },
  { what: "scaleNorm", normalizer: scaleNorm() },
  { what: "scaleNorm without gain", normalizer: scaleNorm({ gain: false }) },
  { what: "dyT", normalizer: dyT() },
  { what: "dyT without gain and bias", normalizer: dyT({ gain: false, bias: false }) },
  {
    what: "adaNorm",
    normalizer: adaNorm(),
    except: { "the gradient equals finite differences": "phi counts as a constant, as published" },
  },
];

describe.each(ours)("$what", ({ normalizer, except = {} }) => {
  for (const { name, skip, run } of normalizerSuite(normalizer, { except, backend }))
    test(name, (context) => (skip === undefined ? run() : context.skip(skip)));
});

describe("the suite finds what is wrong", () => {
  const plain: Normalizer = {
    name: "plain",
    placement: { preactivation: "branches", cell: true },
    params: () => ({}),
    apply: (_, x) => x,
  };
  const counting: Normalizer = {
    ...plain,
    buffers: () => ({ count: { shape: [1], initial: 0 } }),
    apply: (_, x, { training, buffers }) => {
      if (buffers["count"] === undefined) layerNorm().apply({}, x);
      return training ? { output: x, observed: { x: sum(x, [0, 1]) } } : x;
    },
  };
  let calls = 0;

  test.each<readonly [string, Normalizer, string]>([
    [
      "rows are independent, or the normalizer reads which are active",
      { ...plain, apply: (_, x) => sub(x, mean(x, 0, { keep: true })) },
      "a normalizer that mixes rows must call active()",
    ],
    [
      "inactive rows reach nothing",
      {
        ...plain,
        apply: (_, x, { active, training }) => {
          if (training) active();
          return training ? sub(x, mean(x, 0, { keep: true })) : x;
        },
      },
      "input: row 1 is not active, and the gradient reaches it",
    ],
    [
      "evaluation draws nothing and leaves the buffers",
      { ...plain, apply: (_, x, { key }) => add(x, uniform(key(), x.shape)) },
      "plain draws in evaluation",
    ],
    ["training is the same each time", { ...plain, apply: (_, x) => mul(x, ++calls) }, "trained again"],
    [
      "the output has the input's shape and is finite",
      { ...plain, apply: (_, x) => sum(x, 0) },
      "input: f32 [6,12] becomes f32 [12]",
    ],
    [
      "the gradient equals finite differences",
      { ...plain, apply: (_, x) => mul(x, stopGradient(x)) },
      "the gradient differs from central differences",
    ],
    [
      "the update keeps shapes and moves the buffers",
      { ...counting, update: (buffers) => buffers },
      "leaves every buffer as it was",
    ],
    [
      "steps without rows leave the buffers",
      { ...counting, update: ({ count }, { x }) => ({ count: add(count!, x!.shape[0]!) }) },
      "without active rows",
    ],
  ])("%s", async (law, normalizer, message) => {
    const [found] = normalizerSuite(normalizer, { backend }).filter(({ name }) => name === law);
    await expect(async () => found!.run()).rejects.toThrow(message);
  });

  test("a law that is not one, and what may be left out", () => {
    expect(() => normalizerSuite(plain, { except: { "rows are independent": "they are not" } as object })).toThrow(
      "normalizerSuite: no law rows are independent",
    );
    const laws = normalizerSuite(plain, { except: { "training is the same each time": "it is random" } });
    expect(laws.filter(({ skip }) => skip !== undefined).map(({ name, skip }) => [name, skip])).toEqual([
      ["training is the same each time", "it is random"],
      ["a backend has the reference's values", "no backend is given"],
    ]);
  });
});
