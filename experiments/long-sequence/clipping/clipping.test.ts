import { digits } from "@sluice/data";
import { key, valuesOf } from "@sluice/tensor";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { describe, expect, test } from "vitest";
import { clippingModel } from "./model.ts";
import { noisyDigits } from "./noisy-digits.ts";
import clipping from "./study.ts";

/** The settings that differ. */
const size = {
  size: 14,
  train: 40,
  validation: 20,
  test: 20,
  hidden: 4,
  batch: 10,
  epochs: 3,
  logEvery: 3,
  validateEvery: 5,
  flowExamples: 5,
} as const;

describe("the study", () => {
  const laws = studySuite(clipping, {
    size,
    stopAt: [4, 5, 12],
    diverging: { learningRate: 1e38 },
    except: {
      "variants with the same seed have different weights": "a clipper that finds nothing to clip changes nothing",
    },
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

const config = { ...clipping.settings, ...size, gain: 2 };

test("clippers with a low limit, and normalizers, have other weights than none", async () => {
  const named = [
    "none",
    "global norm",
    "value",
    "soft",
    "per parameter",
    "per layer",
    "AutoClip",
    "normalized",
  ] as const;
  const further = [
    "centralized",
    "layer norm",
    "RMS norm",
    "batch norm",
    "group norm",
    "scale norm",
    "AdaNorm",
    "DyT",
  ] as const;
  const weights = await Promise.all(
    [...named, ...further].map(async (name) => {
      const given = { ...config, ...clipping.variants[name], clip: 1e-2 };
      return (await runInMemory(clipping, { config: given })).outcome?.weights;
    }),
  );
  expect(new Set(weights).size).toBe(weights.length);
});

test("what does not clip has the weights of none", async () => {
  const weightsOf = async (over: Partial<typeof clipping.settings>) =>
    (await runInMemory(clipping, { config: { ...config, ...over } })).outcome?.weights;
  const none = await weightsOf({});
  for (const clipper of ["globalNorm", "value", "perParameter", "perLayer"] as const)
    expect(await weightsOf({ clipper, clip: 1e6 })).toBe(none);
  expect(await weightsOf({ clipper: "skipNonFinite" })).toBe(none);
  expect(await weightsOf({ stateLimit: 1e6 })).toBe(none);
  expect(await weightsOf({ stateLimit: 1e-3 })).not.toBe(none);
});

test("the horizon before training is that of the first line of the figure", async () => {
  const { left } = await runInMemory(clipping, { config: { ...config, gain: 0.5 } });
  const rows = left.rows.filter((row) => "startHorizon" in row);
  expect(rows.map(({ step }) => step)).toEqual([0]);
  const norms = Array.from(left.series["gradient-flow-1-0-h"]?.lines["start of training"] ?? []);
  const first = norms.findIndex((norm) => norm > 0.01 * Math.max(...norms));
  expect(rows[0]?.["startHorizon"]).toBe(norms.length - 1 - first);
});

test("the recurrent matrix stretches every vector by the gain", () => {
  const model = clippingModel({ size: 14, hidden: 3, gain: 0.5, norm: "none", stateLimit: 0 });
  const U = Array.from(valuesOf(model.init(key(1))[0].U), Number);
  for (const i of [0, 1, 2])
    for (const j of [0, 1, 2]) {
      const product = [0, 1, 2].reduce((sum, k) => sum + (U[3 * i + k] ?? NaN) * (U[3 * j + k] ?? NaN), 0);
      expect(product).toBeCloseTo(i === j ? 0.25 : 0, 6);
    }
});

test("every pixel has noise of its own, up to the given one", async () => {
  const options = { size: 14, train: 20, validation: 10, test: 10 } as const;
  const [plain, noisy] = [await digits({ ...options, by: "rows" }), await noisyDigits({ ...options, noise: 0.1 })];
  for (const split of ["train", "validation", "test"] as const) {
    const pixels = valuesOf(plain[split].x);
    const noise = Array.from(valuesOf(noisy[split].x), (value, i) => Number(value) - Number(pixels[i]));
    expect(Math.max(...noise.map(Math.abs))).toBeLessThan(0.1001);
    // The deviation of a uniform number is its range divided by the root of 12.
    const mean = noise.reduce((sum, each) => sum + each, 0) / noise.length;
    const variance = noise.reduce((sum, each) => sum + (each - mean) ** 2, 0) / noise.length;
    expect(Math.sqrt(variance)).toBeCloseTo(0.2 / Math.sqrt(12), 2);
    expect(new Set(noise.map((each) => each.toFixed(6))).size).toBeGreaterThan(0.9 * noise.length);
    expect(valuesOf(noisy[split].y)).toEqual(valuesOf(plain[split].y));
  }
});
