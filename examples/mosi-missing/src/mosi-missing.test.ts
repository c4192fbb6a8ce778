import { fileURLToPath } from "node:url";
import { DataError, mosi, type Mosi } from "@sluice/data";
import { key, keyFor, normal, tensor, valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { mosiMissing, shareOfPositive } from "./mosi-missing.ts";

const subsets = ["text", "audio", "video", "text + audio", "text + video", "audio + video", "text + audio + video"];

/** Clips of 3 to 10 utterances, whose labels are the signs of the first, large feature of the words. */
function toy(clips: number, seed: number): Mosi {
  const draw = (name: string, width: number) => normal(keyFor(key(seed), name), [clips, 63, width]);
  const words = Float32Array.from(valuesOf(draw("text", 100)), (value, at) => (at % 100 === 0 ? 4 * value : value));
  const signs = Array.from({ length: clips * 63 }, (_, at) => Number((words[100 * at] ?? 0) > 0));
  return {
    text: tensor(words, [clips, 63, 100]),
    audio: draw("audio", 73),
    video: draw("video", 100),
    lengths: tensor(Int32Array.from({ length: clips }, (_, clip) => 3 + (clip % 8))),
    y: tensor(signs, [clips, 63], { dtype: "i32" }),
  };
}

test("learns from what is there, and is at chance without the modality that tells", async () => {
  const results = await mosiMissing({ train: toy(40, 1), test: toy(40, 2) }, { epochs: 10 });
  expect(results.map(({ modalities }) => modalities)).toEqual(subsets);
  for (const { modalities, accuracy } of results)
    if (modalities.includes("text")) expect(accuracy, modalities).toBeGreaterThan(0.7);
    // Four standard deviations of 260 utterances: 4 sqrt(0.25 / 260).
    else expect(Math.abs(accuracy - 0.5), modalities).toBeLessThan(0.125);
});

const beside = fileURLToPath(new URL("../../../../shared/data", import.meta.url));
const set = await mosi({ validation: 0, folder: process.env["SLUICE_DATA"] ?? beside }).catch((error: unknown) => {
  if (error instanceof DataError && error.message.includes("cannot be read")) return null;
  throw error;
});

describe.skipIf(set === null)("on MOSI, where there is a data folder with it", () => {
  test("gives the accuracy of all 7 subsets", async () => {
    const results = await mosiMissing(set!, { epochs: 3 });
    expect(results.map(({ modalities }) => modalities)).toEqual(subsets);
    const of = (name: string): number => results.find(({ modalities }) => modalities === name)!.accuracy;
    expect(shareOfPositive(set!.train)).toBeCloseTo(0.49, 3);
    expect(shareOfPositive(set!.test)).toBeCloseTo(0.621, 3);
    expect(of("text")).toBeGreaterThan(0.65);
    expect(of("text + audio + video")).toBeGreaterThan(0.65);
    expect(results.every(({ accuracy }) => accuracy > 0 && accuracy < 1)).toBe(true);
  });
});
