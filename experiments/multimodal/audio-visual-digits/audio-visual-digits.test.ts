import { dataFolder, type Images } from "@sluice/data";
import { trialConfig, type TrialContext } from "@sluice/study";
import { key, keyFor, normal, sub, tensor, uniform, valuesOf, type Tensor } from "@sluice/tensor";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { describe, expect, inject, test } from "vitest";
import { digitModel, type FusionName } from "./model.ts";
import { levels, noisyTest } from "./noise.ts";
import { paired, readPairs, rescaled, scaleOf, speakers, withOnly } from "./pairs.ts";
import study from "./study.ts";
import { accuracyOf, digitTrial } from "./trial.ts";

const folder = dataFolder();

/** The settings that differ. */
const size = { hidden: 3, batch: 20, epochs: 2, logEvery: 2, validateEvery: 3 };

// Every trial reads 3,000 recordings and all of MNIST.
describe("the study", () => {
  const laws = studySuite(study, {
    size: { ...size, folds: 1, each: 1, batch: 500, trainImages: 1000, testImages: 1000 },
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

/** Recordings of 2 to 5 frames of the digits in turn. */
function recordings(count: number, seed: number) {
  const lengths = Int32Array.from({ length: count }, (_, row) => 2 + (row % 4));
  const y = Int32Array.from({ length: count }, (_, row) => row % 10);
  return { x: normal(key(seed), [count, 6, 13]), lengths: tensor(lengths), y: tensor(y) };
}

/** Images of the digits in turn; each has its own number in the first pixel. */
function images(count: number): Images {
  const x = Float32Array.from(valuesOf(uniform(key(7), [count * 784])), (value, at) =>
    at % 784 === 0 ? at / 784 : value,
  );
  const y = Int32Array.from({ length: count }, (_, row) => row % 10);
  return { x: tensor(x, [count, 28, 28]), y: tensor(y) };
}

const train = paired(recordings(40, 1), images(60), { each: 1, key: key(2) });
const held = paired(recordings(20, 3), images(20), { each: 1, key: key(4) });

test.for(["Image", "LMF", "Gated, modality dropout"])("%s trains on pairs", async (variant) => {
  const config = { ...study.settings, ...trialConfig(study, { task: "digits", variant, budget: "full" }), ...size };
  const trial = (context: TrialContext<typeof config>) => digitTrial(context, { train, test: held });
  const whole = await runInMemory({ trial }, { config });
  const { outcome, left } = whole;
  const { accuracy, imageMissing, soundMissing, imageNoise, soundNoise } = outcome?.metrics ?? {};
  for (const value of [accuracy, imageMissing, soundMissing, imageNoise, soundNoise]) {
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThanOrEqual(100);
  }
  const [curve = []] = Object.values(left.series["image-noise"]?.lines ?? {});
  expect(curve).toHaveLength(levels.length);
  // The second level is the noise of training.
  expect(curve[1]).toBeCloseTo(accuracy ?? NaN, 10);
  // The levels are equally far, so the mean height is that of trapezoids.
  const [a = 0, b = 0, c = 0, d = 0, e = 0] = Array.from(curve);
  expect(imageNoise).toBeCloseTo((a / 2 + b + c + d + e / 2) / 4, 10);
  if (variant === "Image") {
    expect([soundMissing, soundNoise]).toEqual([accuracy, accuracy]);
    const stopped = await runInMemory({ trial }, { config, stopAt: 3 });
    expect(stopped.outcome).toBeNull();
    expect(await runInMemory({ trial }, { config, from: stopped.left })).toEqual(whole);
    expect((await runInMemory({ trial }, { config, tuning: true })).outcome?.metrics).toEqual({});
  }
});

describe("pairs", () => {
  test("are of one digit, and an image comes again only when all of its digit have come", () => {
    const { image, y, sound } = paired(recordings(30, 1), images(60), { each: 3, key: key(5) });
    const numbers = Array.from({ length: 90 }, (_, row) => valuesOf(image)[784 * row] ?? NaN);
    expect(numbers.map((number) => number % 10)).toEqual(Array.from(valuesOf(y)));
    const times = Array.from({ length: 60 }, (_, number) => numbers.filter((other) => other === number).length);
    // 9 pairs of each digit, 6 images.
    expect(times.every((count) => count === 1 || count === 2)).toBe(true);
    const [first, again] = [valuesOf(sound).slice(0, 78), valuesOf(sound).slice(30 * 78, 31 * 78)];
    expect(again).toEqual(first);
  });

  test("differ by key", () => {
    const shown = (seed: number) => [
      ...valuesOf(paired(recordings(20, 1), images(60), { each: 1, key: key(seed) }).image),
    ];
    expect(shown(1)).not.toEqual(shown(2));
  });

  test("of a digit without images are an error", () => {
    expect(() => paired(recordings(20, 1), images(9), { each: 1, key: key(1) })).toThrow("none of 9 images is a 9");
  });

  test("sounds are in deviations of the real frames, as long as the longest", () => {
    const given = recordings(12, 6);
    const { x, lengths } = rescaled(given, scaleOf(given));
    expect(x.shape).toEqual([12, 5, 13]);
    const own: number[] = [];
    for (let row = 0; row < 12; row++)
      for (let frame = 0; frame < 5; frame++) {
        const value = valuesOf(x)[(row * 5 + frame) * 13 + 4] ?? NaN;
        if (frame < (valuesOf(lengths)[row] ?? 0)) own.push(value);
        else expect(value).toBe(0);
      }
    expect(own.reduce((a, b) => a + b, 0) / own.length).toBeCloseTo(0, 5);
    expect(own.reduce((a, b) => a + b * b, 0) / own.length).toBeCloseTo(1, 5);
  });
});

test("noise of a level is the same draws, scaled", () => {
  const testWith = noisyTest(held, keyFor(key(1), "noise"));
  const of = (a: Tensor, b: Tensor): number[] => [...valuesOf(sub(a, b))];
  const [one, two] = [1, 2].map((image) => of(testWith({ image, sound: 0 }).image, held.image));
  one?.forEach((value, at) => expect(two?.[at]).toBeCloseTo(2 * value, 5));
  expect(Math.abs((one ?? []).reduce((a, b) => a + b * b, 0) / (20 * 784) - 1)).toBeLessThan(0.05);
  expect(of(testWith({ image: 1, sound: 0 }).sound, held.sound).every((value) => value === 0)).toBe(true);
});

test.for<FusionName>(["image", "sound", "concatenation", "gated", "lmf"])(
  "%s: what is missing, and what is beyond a recording, reaches no answer",
  (fusion) => {
    const model = digitModel({ fusion, modalityDropout: 0, noise: { image: 0, sound: 0 }, hidden: 3 });
    const params = model.init(key(1));
    const logits = (given: typeof held): number[] => [...valuesOf(model.apply(params, given).output)];
    for (const [kept, missing] of [
      ["image", "sound"],
      ["sound", "image"],
    ] as const) {
      const seen = withOnly(held, [kept]);
      expect(logits({ ...seen, [missing]: normal(key(9), seen[missing].shape) })).toEqual(logits(seen));
    }
    const beyond = Float32Array.from(valuesOf(held.sound), (value, at) =>
      Math.floor(at / 13) % 6 < 2 + (Math.floor(at / 78) % 4) ? value : 5,
    );
    expect(logits({ ...held, sound: tensor(beyond, held.sound.shape) })).toEqual(logits(held));
  },
);

test("accuracy is the share of right answers", () => {
  const logits = tensor([0, 1, 0, 2, 1, 0, 0, 0, 1, 3, 1, 1], [4, 3]);
  expect(accuracyOf(logits, tensor(Int32Array.of(1, 0, 2, 2)))).toBe(75);
});

// Reads 3,000 recordings and all of MNIST.
test.skipIf(folder === undefined || !inject("long"))(
  "a fold tests the 500 recordings of one speaker, and trains on those of the others",
  async () => {
    const options = { folder: folder ?? null, trainImages: 300, testImages: 1000, each: 1, seed: 1 };
    const { train, test } = await readPairs({ ...options, leaveOut: speakers[0] });
    expect([train.y.shape, test.y.shape]).toEqual([[2500], [500]]);
    expect(Array.from({ length: 10 }, (_, digit) => valuesOf(test.y).filter((y) => y === digit).length)).toEqual(
      new Array(10).fill(50),
    );
  },
);
