import { dataFolder, type Mosi } from "@sluice/data";
import { sampleMean, trialConfig, type Results, type TrialContext, type TrialRecord } from "@sluice/study";
import { key, keyFor, normal, tensor, valuesOf } from "@sluice/tensor";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { describe, expect, inject, test } from "vitest";
import { accuracyOf, byClip, moreAccurateByClip, rightByClip } from "./by-clip.ts";
import { claims } from "./claims.ts";
import { modalities, standardized, withOnly } from "./clips.ts";
import { clipModel } from "./model.ts";
import mosiStudy from "./study.ts";
import { mosiTrial } from "./trial.ts";

const folder = dataFolder();

/** The settings that differ. */
const size = { hidden: 3, batch: 20, epochs: 2, logEvery: 2, validateEvery: 3 };

// Each of the many trials reads the set and compiles seven programs.
describe("the study", () => {
  const laws = studySuite(mosiStudy, {
    size,
    stopAt: [3, 4],
    dataFolder: folder ?? null,
    skip: !inject("long")
      ? "it is for npm run test:long"
      : folder === undefined
        ? "SLUICE_DATA names no data folder"
        : undefined,
    diverging: { learningRate: 1e38 },
  });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

const steps = 5;

/** Clips of 2 to 5 utterances; the first feature of the text is about the label. */
function madeUp(clips: number, seed: number): Mosi {
  const draw = (name: string, width: number) => normal(keyFor(key(seed), name), [clips, steps, width]);
  const text = draw("text", 100);
  const labels = Array.from({ length: clips * steps }, (_, at) => Number((valuesOf(text)[100 * at] ?? 0) > 0));
  return {
    text,
    audio: draw("audio", 73),
    video: draw("video", 100),
    lengths: tensor(Int32Array.from({ length: clips }, (_, clip) => 2 + (clip % 4))),
    y: tensor(Int32Array.from(labels), [clips, steps]),
  };
}

const clips = standardized(madeUp(24, 1), madeUp(8, 2));
const configOf = (variant: string) => ({
  ...mosiStudy.settings,
  ...trialConfig(mosiStudy, { task: "mosi", variant, budget: "full" }),
  ...size,
});

test.for(["Text", "All, late", "All, gated, modality dropout", "Logistic regression, all"])(
  "%s trains on clips",
  async (variant) => {
    const trial = (context: TrialContext<ReturnType<typeof configOf>>) => mosiTrial(context, clips);
    const whole = await runInMemory({ trial }, { config: configOf(variant) });
    if (variant === "Text") {
      const stopped = await runInMemory({ trial }, { config: configOf(variant), stopAt: 3 });
      expect(stopped.outcome).toBeNull();
      expect(await runInMemory({ trial }, { config: configOf(variant), from: stopped.left })).toEqual(whole);
    }
    const { outcome, left } = whole;
    for (const name of ["accuracy", "f1", "withoutText", "withoutAudio", "withoutVideo"]) {
      expect(outcome?.metrics?.[name]).toBeGreaterThanOrEqual(0);
      expect(outcome?.metrics?.[name]).toBeLessThanOrEqual(100);
    }
    expect(left.rows.filter((row) => row["chosenOnTest"] !== undefined)).toHaveLength(2);
    expect(Object.keys(left.series[byClip]?.lines ?? {})).toEqual(["nothing missing", "text missing"]);
    if (variant === "Text") expect(outcome?.metrics?.["withoutAudio"]).toBe(outcome?.metrics?.["accuracy"]);
  },
);

test("a tuning trial does not look at the test clips", async () => {
  const trial = (context: TrialContext<ReturnType<typeof configOf>>) => mosiTrial(context, clips);
  const { outcome, left } = await runInMemory({ trial }, { config: configOf("Text"), tuning: true });
  expect(outcome?.metrics).toEqual({});
  expect(left.rows.every((row) => !("chosenOnTest" in row))).toBe(true);
});

describe("clips", () => {
  test("are in deviations of the real training utterances, and 0 beyond the lengths", () => {
    const given = madeUp(24, 1);
    for (const [name, width] of [
      ["text", 100],
      ["audio", 73],
    ] as const) {
      const [raw, scaled] = [valuesOf(given[name]), valuesOf(clips.train[name])];
      const own: number[] = [];
      for (let clip = 0; clip < 24; clip++)
        for (let t = 0; t < steps; t++) {
          const at = (clip * steps + t) * width + 7;
          if (t < 2 + (clip % 4)) own.push(raw[at] ?? NaN);
          else expect(scaled[at]).toBe(0);
        }
      const mean = sampleMean(own);
      const deviation = Math.sqrt(sampleMean(own.map((value) => (value - mean) * (value - mean))));
      expect(scaled[7]).toBeCloseTo(((raw[7] ?? NaN) - mean) / deviation, 5);
    }
  });

  test("a feature that never changes becomes 0", () => {
    const given = madeUp(4, 3);
    const constant = { ...given, video: tensor(new Float32Array(4 * steps * 100).fill(7), [4, steps, 100]) };
    expect(valuesOf(standardized(constant, given).train.video).every((value) => value === 0)).toBe(true);
  });
});

test.for(["concatenation", "gated", "lmf", "late"] as const)(
  "%s: what is missing, and what is beyond a clip, reaches no answer",
  (fusion) => {
    const model = clipModel({ reads: modalities, context: true, fusion, modalityDropout: 0, hidden: 3 });
    const params = model.init(key(1));
    const seen = withOnly(clips.test, ["text", "video"]);
    const logits = (given: typeof seen): number[] => [...valuesOf(model.apply(params, given).output)];
    const other = normal(key(9), [8, steps, 73]);
    expect(logits({ ...seen, audio: other })).toEqual(logits(seen));
    expect(logits(clips.test)).not.toEqual(logits(seen));
    const beyond = Float32Array.from(valuesOf(seen.text), (value, at) =>
      Math.floor(at / 100) % steps < 2 + (Math.floor(at / 100 / steps) % 4) ? value : 5,
    );
    expect(logits({ ...seen, text: tensor(beyond, seen.text.shape) })).toEqual(logits(seen));
  },
);

test("right answers are counted within each clip", () => {
  const given = {
    y: tensor(Int32Array.of(1, 0, 0, 1, 1, 0), [2, 3]),
    lengths: tensor(Int32Array.of(2, 3)),
  };
  // Answers 1, 1, (1); 0, 1, 0.
  const logits = tensor([0, 1, 0, 1, 0, 1, 2, 1, 0, 3, 1, 0], [2, 3, 2]);
  expect(rightByClip(logits, given)).toEqual([1, 2]);
  expect(accuracyOf([1, 2], given)).toBe(60);
});

const trialOf = (seed: number): TrialRecord => ({
  ...{ id: `${seed}`, folder: "", task: "mosi", variant: "", seed, status: "done", metrics: {}, warnings: [] },
});

/** Results of which a claim reads only what is given. */
const resultsWith = ({ seeds, ...given }: Partial<Results> & { readonly seeds: number }): Results => ({
  ...{ tasks: ["mosi"], variants: [], metrics: {}, trials: [] },
  ...{ values: () => [], seriesNames: () => [], series: () => [] },
  of: () => Array.from({ length: seeds }, (_, seed) => trialOf(seed)),
  ...given,
});

describe("the test by clip", () => {
  const counts = Array.from({ length: 24 }, (_, clip) => 5 + (clip % 7));
  /** Right answers of each clip, by variant and seed. */
  function results(right: Record<string, (clip: number, seed: number) => number>, seeds = 5): Results {
    let total = 0;
    const values = counts.map((count) => (total += count));
    const every = Array.from({ length: seeds }, (_, seed) => seed);
    return resultsWith({
      seeds,
      series: ({ variant }) =>
        every.map((seed) => {
          const shares = counts.map((count, clip) => (100 * (right[variant]?.(clip, seed) ?? NaN)) / count);
          const axes = { x: { label: "", values }, y: { label: "" } };
          return { seed, series: { name: byClip, title: "", ...axes, lines: { "nothing missing": shares } } };
        }),
    });
  }
  const claim = moreAccurateByClip({ task: "mosi", variant: "a", than: "b" });

  test("takes clips as the units, each as large as it is", () => {
    const found = claim(results({ a: (clip, seed) => 3 + (clip % 2) + (seed % 2), b: () => 2 }));
    expect(found.verdict).toBe("reproduced");
    // Every clip has 1 or 2 more right answers, and 0.4 more in the mean over five seeds.
    const gains = counts.map((_, clip) => 1.4 + (clip % 2));
    const share = (100 * sampleMean(gains)) / sampleMean(counts);
    expect(found.because).toContain(`a difference of ${share.toFixed(1)} (95 % interval`);
    expect(found.because).toContain("over 24 clips");
    // t = 1.9 / (0.5 sqrt(24 / 23) / sqrt(24)), with 23 degrees of freedom.
    expect(found.p).toBeLessThan(1e-9);
    expect(claim(results({ b: () => 4, a: (clip) => 2 + (clip % 2) })).verdict).toBe("not reproduced");
  });

  test("many utterances of few different clips decide nothing", () => {
    const found = claim(results({ a: (clip) => (clip % 2 === 0 ? 5 : 0), b: (clip) => (clip % 2 === 0 ? 0 : 5) }));
    expect(found.verdict).toBe("undecided");
  });

  test("needs five seeds, and all trials", () => {
    const better = { a: () => 3, b: (clip: number) => clip % 2 };
    expect(claim(results(better, 4))).toMatchObject({ verdict: "undecided" });
    const lost = { ...results(better), of: () => [{ ...trialOf(0), status: "failed" as const, reason: "killed" }] };
    expect(claim(lost)).toEqual({ verdict: "undecided", because: "2 of 2 trials are not done" });
  });
});

test("what a choice on the test set adds is tested over seeds", () => {
  const gain = (gains: readonly number[]) =>
    claims.at(-1)?.test(
      resultsWith({
        seeds: gains.length,
        values: ({ metric }) =>
          gains.map((value, seed) => ({ seed, value: 70 + (metric === "chosenOnTest" ? value : 0) })),
      }),
    ).verdict;
  expect(gain([2, 2.5, 3, 2, 2.5])).toBe("reproduced");
  expect(gain([0, 0.1, 0.2, 0, 0.1])).toBe("not reproduced");
  expect(gain([2, 0, 3, 0, 1])).toBe("undecided");
  expect(gain([2, 2.5, 3, 2])).toBe("undecided");
});

test("claims and variants name each other", () => {
  for (const text of ["Text", "Audio", "All, gated", "All, concatenation", "Audio + video, gated"])
    expect(Object.keys(mosiStudy.variants)).toContain(text);
});
