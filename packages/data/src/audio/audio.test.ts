import { readFileSync } from "node:fs";
import { valuesOf, type ArrayTensor } from "@sluice/tensor";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { logMel, melSpectrogram, mfcc, type MelOptions, type MfccOptions } from "../index.ts";
import { powerSpectrum } from "./fourier.ts";

interface Case {
  readonly mel: Readonly<Record<string, number | boolean | string | null>>;
  readonly decibel: { readonly ref: number | "max"; readonly amin: number; readonly top_db: number | null };
  readonly cepstrum: { readonly n_mfcc: number; readonly lifter?: number };
  readonly shape: readonly [number, number];
  readonly melSpectrogram: readonly number[];
  readonly logMel: readonly number[];
  readonly mfcc: readonly number[];
}
const fixture: { readonly integers: readonly number[]; readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL("../../../../fixtures/data/audio.json", import.meta.url), "utf8"),
);
const samples = Float32Array.from(fixture.integers, (n) => n / 32_768);

const names: Readonly<Record<string, keyof MelOptions>> = {
  sr: "rate",
  n_fft: "size",
  win_length: "window",
  hop_length: "hop",
  n_mels: "bands",
  fmin: "low",
  fmax: "high",
  power: "power",
  center: "center",
};

/** Our options of librosa's. */
function melOptionsOf({ htk, norm, ...given }: Case["mel"]): MelOptions {
  const own = Object.fromEntries(Object.entries(given).map(([name, value]) => [names[name] ?? name, value]));
  return { rate: NaN, ...own, ...(htk === true && { scale: "htk" }), ...(norm === null && { norm: "none" }) };
}
function optionsOf({ mel, decibel, cepstrum }: Case): MfccOptions {
  const { ref, amin, top_db } = decibel;
  const { n_mfcc, lifter = 0 } = cepstrum;
  return { ...melOptionsOf(mel), reference: ref, floor: amin, topDb: top_db, coefficients: n_mfcc, lifter };
}

/** Within the rounding to f32, and 1e-9 of the largest value for librosa's own single steps. */
function expectClose(found: ArrayTensor, wanted: readonly number[], columns: number): void {
  expect(found.shape).toEqual([wanted.length / columns, columns]);
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = wanted.reduce((most, value, i) => {
    const allowed = Math.abs(value) * 2 ** -24 + largest * 1e-9;
    return Math.max(most, Math.abs((found.data[i] ?? NaN) - value) / allowed);
  }, 0);
  expect(worst).toBeLessThanOrEqual(1);
}

describe.each(fixture.cases.map((one, n) => [n, one] as const))("the numbers of librosa, case %i", (_, one) => {
  const { coefficients, lifter, ...decibels } = optionsOf(one);
  test("mel spectrogram", () => {
    expectClose(melSpectrogram(samples, melOptionsOf(one.mel)), one.melSpectrogram, one.shape[1]);
  });
  test("in decibels", () => expectClose(logMel(samples, decibels), one.logMel, one.shape[1]));
  test("cepstral coefficients", () => expectClose(mfcc(samples, optionsOf(one)), one.mfcc, one.cepstrum.n_mfcc));
});

test("the spectrum is that of the sum which defines it", () => {
  const size = fc.constantFrom(2, 4, 8, 32, 64);
  const sounds = size.chain((n) =>
    fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: n, maxLength: n }),
  );
  fc.assert(
    fc.property(sounds, (x) => {
      const found = powerSpectrum(x.length)(Float64Array.from(x));
      expect(found).toHaveLength(x.length / 2 + 1);
      found.forEach((power, k) => {
        const sum = (wave: (angle: number) => number): number =>
          x.reduce((total, value, n) => total + value * wave((2 * Math.PI * k * n) / x.length), 0);
        expect(Math.abs(power - (sum(Math.cos) ** 2 + sum(Math.sin) ** 2))).toBeLessThan(1e-12 * x.length ** 2);
      });
    }),
  );
});

test("frames are alone: a sound that goes on changes none of those before", () => {
  const options: MelOptions = { rate: 8000, size: 64, hop: 16, bands: 6, center: false };
  const whole = melSpectrogram(samples, options);
  for (const length of [64, 65, 79, 80, 200]) {
    const part = melSpectrogram(samples.subarray(0, length), options);
    expect(part.shape).toEqual([1 + Math.floor((length - 64) / 16), 6]);
    expect([...part.data]).toEqual([...valuesOf(whole).subarray(0, part.data.length)]);
  }
});

test("silence is the floor, and a list of numbers is a sound too", () => {
  const options = { rate: 8000, size: 64, hop: 32, bands: 4 };
  expect(new Set(logMel(new Float32Array(64), options).data)).toEqual(new Set([-100]));
  expect(new Set(logMel(new Float32Array(64), { ...options, floor: 1e-4, reference: 0.01 }).data)).toEqual(
    new Set([-20]),
  );
  expect([...mfcc([...samples], { ...options, coefficients: 2 }).data]).toEqual([
    ...mfcc(samples, { ...options, coefficients: 2 }).data,
  ]);
  expect(logMel([], options).shape).toEqual([1, 4]);
});

const given = (options: object): MfccOptions => ({ rate: 8000, ...options });
test.each<[object, string]>([
  [{ rate: 0 }, "mfcc: rate must be the samples per second, in Hz, got 0"],
  [{ size: 200 }, "mfcc: size must be a power of two, got 200; for frames of 200 samples set window: 200"],
  [{ size: 256, window: 300 }, "mfcc: a window of 300 samples is longer than size, 256; raise size"],
  [{ hop: 0 }, "mfcc: hop must be an integer >= 1, got 0"],
  [{ low: 300, high: 200 }, "mfcc: expected 0 <= low < high <= 4000 Hz, half of rate, got low 300 and high 200"],
  [{ high: 5000 }, "got low 0 and high 5000"],
  [{ center: 1 }, "mfcc: center must be true or false, got 1"],
  [{ power: 3 }, "mfcc: unknown power 3"],
  [{ scale: "mel" }, "mfcc: unknown scale mel"],
  [{ norm: 1 }, "mfcc: unknown norm 1"],
  [{ reference: 0 }, 'mfcc: reference must be a number above 0 or "max", got 0'],
  [{ floor: -1 }, "mfcc: floor must be a number above 0, got -1"],
  [{ topDb: -1 }, "mfcc: topDb must be a number of at least 0, in dB, or null, got -1"],
  [{ bands: 10 }, "mfcc: 20 coefficients are more than the 10 bands"],
  [{ lifter: -1 }, "mfcc: lifter must be a number of at least 0, got -1"],
  [{ n_mels: 10 }, "mfcc: unknown option n_mels; did you mean bands?"],
  [{ size: 64, bands: 128 }, "mfcc: band 0 of 128 is so narrow that no frequency of the spectrum lies in it"],
  [{ center: false }, "mfcc: 700 samples are fewer than a frame of 2048"],
])("refuses %j", (options, message) => {
  expect(() => mfcc(samples, given(options))).toThrow(message);
});

test("refuses samples that are not numbers", () => {
  const options = { rate: 8000, size: 64, bands: 4 };
  expect(() => logMel([0, NaN], options)).toThrow("logMel: sample 1 is NaN, expected a finite number");
  expect(() => melSpectrogram(Object(5), options)).toThrow("melSpectrogram: expected samples");
  expect(() => melSpectrogram(samples, Object({ ...options, topDb: 3 }))).toThrow("unknown option topDb");
});
