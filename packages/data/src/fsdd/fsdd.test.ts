import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { valuesOf } from "@sluice/tensor";
import * as fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { DataError, fsdd, logMel, mfcc, parseWav } from "../index.ts";
import { soundFeatures } from "./features.ts";
import { folderWith } from "../testing/data-folder.ts";
import { datasetSuite } from "../testing/index.ts";

const origin = { set: "toy", file: "toy.wav", obtain: "Get it there." };
const folder = folderWith("fsdd");

interface Format {
  readonly format?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly bits?: number;
}
const chunk = (name: string, body: Buffer): Buffer => {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(body.length);
  return Buffer.concat([Buffer.from(name, "latin1"), size, body, Buffer.alloc(body.length % 2)]);
};
function format({ format = 1, channels = 1, rate = 8000, bits = 16 }: Format = {}): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt16LE(format, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rate, 4);
  body.writeUInt32LE((rate * channels * bits) / 8, 8);
  body.writeUInt16LE((channels * bits) / 8, 12);
  body.writeUInt16LE(bits, 14);
  return chunk("fmt ", body);
}
function data(samples: readonly number[]): Buffer {
  const body = Buffer.alloc(2 * samples.length);
  samples.forEach((v, i) => body.writeInt16LE(v, 2 * i));
  return chunk("data", body);
}
const riff = (...chunks: Buffer[]): Uint8Array =>
  new Uint8Array(chunk("RIFF", Buffer.concat([Buffer.from("WAVE", "latin1"), ...chunks])));

describe("WAV files", () => {
  test("what is written is read, whatever other chunks there are", () => {
    const samples = fc.array(fc.integer({ min: -32_768, max: 32_767 }), { maxLength: 9 });
    const other = fc.uint8Array({ maxLength: 5 }).map((body) => chunk("LIST", Buffer.from(body)));
    fc.assert(
      fc.property(
        samples,
        fc.array(other, { maxLength: 2 }),
        fc.integer({ min: 1, max: 96_000 }),
        (given, others, rate) => {
          const sound = parseWav(riff(...others, format({ rate }), ...others, data(given)), origin);
          expect([sound.rate, [...sound.samples]]).toEqual([rate, given.map((v) => v / 32_768)]);
        },
      ),
    );
  });

  test("a file cut off anywhere is an error", () => {
    const whole = riff(format(), data([1, 2, 3]));
    for (let length = 0; length < whole.length; length++)
      expect(() => parseWav(whole.slice(0, length), origin)).toThrow(DataError);
  });

  test.each<[string, Uint8Array, string]>([
    ["empty", new Uint8Array(), "byte 0: it does not begin as a WAV file"],
    ["another format", new TextEncoder().encode("OggS and so on, more"), "byte 0: it does not begin as a WAV file"],
    ["no format", riff(data([1])), "byte 12: its samples come before their format"],
    ["no samples", riff(format()), 'byte 36: it has no chunk "data"'],
    ["nothing", riff(), 'byte 12: it has no chunk "fmt "'],
    ["floats", riff(format({ format: 3 }), data([1])), "byte 20: its samples have the format 3, expected 1 (PCM)"],
    ["stereo", riff(format({ channels: 2 }), data([1, 2])), "byte 20: it has 2 channels, expected 1"],
    ["8 bits", riff(format({ bits: 8 }), data([1])), "byte 20: its samples have 8 bits, expected 16"],
    ["no rate", riff(format({ rate: 0 }), data([1])), "byte 20: its rate is 0 Hz"],
    ["half a sample", riff(format(), chunk("data", Buffer.alloc(3))), "byte 36: it has 3 bytes of samples"],
    ["a second format", riff(format(), format(), data([1])), "byte 36: it has a second format"],
    ["samples twice", riff(format(), data([1]), data([2])), "byte 46: it has a second chunk of samples"],
    ["fewer samples than it has", riff(format(), data([1, 2, 3])).with(40, 2), "byte 46: it ends within the name"],
    ["more bytes than it says", new Uint8Array([...riff(format(), data([1])), 0]), "byte 4: it has 47 bytes, but says"],
    ["a short format", riff(chunk("fmt ", Buffer.alloc(14)), data([1])), "byte 20: its format takes 14 bytes"],
  ])("damaged: %s", (_, bytes, message) => {
    expect(() => parseWav(bytes, origin)).toThrow(DataError);
    expect(() => parseWav(bytes, origin)).toThrow(`toy: toy.wav, ${message}`);
  });
});

test.each<[object, string]>([
  [{ leaveOut: "anna" }, "fsdd: unknown leaveOut anna"],
  [{ validation: 46 }, "fsdd: validation 46 is more than the 45 training recordings of each digit and speaker"],
  [{ validation: 0.5 }, "fsdd: validation must be an integer >= 0, got 0.5"],
  [{ features: "mel" }, "fsdd: unknown features mel"],
  [{ audio: { bands: 20 } }, 'fsdd: audio is for features "logMel" and "mfcc"'],
  [{ features: "mfcc", audio: { rate: 16_000 } }, "fsdd: audio: unknown option rate"],
  [{ features: "mfcc", audio: { bands: 10 } }, "fsdd: audio: 13 coefficients are more than the 10 bands"],
])("refuses %j", async (options, message) => {
  await expect(fsdd(options)).rejects.toThrow(message);
});

test("features of a sound, by default and otherwise", () => {
  const sound = Float32Array.from({ length: 500 }, (_, n) => ((n * n) % 101) / 101 - 0.5);
  const speech = { rate: 8000, size: 256, window: 200, hop: 80, bands: 40 };
  const coefficients = soundFeatures("mfcc", undefined, 8000);
  expect([coefficients.width, coefficients.stepsOf(500), coefficients.description]).toEqual([13, 7, "13 MFCC"]);
  expect(Float32Array.from(coefficients.of(sound))).toEqual(mfcc(sound, { ...speech, coefficients: 13 }).data);
  const bands = soundFeatures("logMel", { bands: 20, hop: 100, center: false }, 8000);
  expect([bands.width, bands.stepsOf(500), bands.stepsOf(200)]).toEqual([20, 3, 0]);
  expect(Float32Array.from(bands.of(sound))).toEqual(
    logMel(sound, { ...speech, bands: 20, hop: 100, center: false }).data,
  );
});

test("says how to get the set", async () => {
  await expect(fsdd({ folder: "/nowhere" })).rejects.toThrow(
    /^FSDD: \/nowhere\/fsdd\/recordings\/0_george_0.wav: cannot be read.*Download/,
  );
});

describe.skipIf(folder === null)("FSDD, where there is a data folder with it", () => {
  const laws = datasetSuite(() => fsdd({ folder, features: "mfcc", audio: { hop: 800, coefficients: 3 } }), {
    tensors: {
      x: { shape: [23, 3], dtype: "f32" },
      lengths: { shape: [], dtype: "i32" },
      y: { shape: [], dtype: "i32" },
      speaker: { shape: [], dtype: "i32" },
    },
    examples: 3000,
  });
  for (const { name, skip, run } of laws) test(name, { skip: skip !== undefined }, run);

  test("the official split has each digit and speaker in every part", async () => {
    const { train, validation, test: testing, provenance, speakers } = await fsdd({ folder });
    expect([train, validation, testing].map(({ x }) => x.shape)).toEqual([
      [2400, 18_262, 1],
      [300, 18_262, 1],
      [300, 18_262, 1],
    ]);
    for (const [part, each] of [
      [train, 40],
      [validation, 5],
      [testing, 5],
    ] as const) {
      const pairs = Array.from(valuesOf(part.y), (digit, i) => digit * 6 + (valuesOf(part.speaker)[i] ?? NaN));
      expect(Array.from({ length: 60 }, (_, n) => pairs.filter((pair) => pair === n).length)).toEqual(
        new Array(60).fill(each),
      );
    }
    expect(speakers).toHaveLength(6);
    expect(Object.keys(provenance.files)).toEqual(["fsdd/recordings"]);
    // A seven of the test set, from the bytes of its file.
    const row = Array.from(valuesOf(testing.y)).findIndex((y, i) => y === 7 && valuesOf(testing.speaker)[i] === 1);
    const bytes = await readFile(join(folder ?? "", "fsdd/recordings/7_jackson_0.wav"));
    const samples = Array.from({ length: (bytes.length - 44) / 2 }, (_, i) => bytes.readInt16LE(44 + 2 * i) / 32_768);
    expect(valuesOf(testing.lengths)[row]).toBe(samples.length);
    const found = valuesOf(testing.x).subarray(row * 18_262, (row + 1) * 18_262);
    expect([...found.subarray(0, samples.length)]).toEqual(samples);
    expect(found.subarray(samples.length).every((v) => v === 0)).toBe(true);
  });

  test("a speaker left out is in one part only", async () => {
    const { train, validation, test: testing } = await fsdd({ folder, leaveOut: "yweweler" });
    const heard = [train, validation, testing].map(({ speaker }) => [...new Set(valuesOf(speaker))]);
    expect(heard).toEqual([[1, 2, 3, 4], [0], [5]]);
    expect([train, validation, testing].map(({ y }) => y.shape[0])).toEqual([2000, 500, 500]);
    // The shortest and the longest recording, by Python's wave.
    const lengths = [train, validation, testing].flatMap((part) => [...valuesOf(part.lengths)]);
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([1148, 18_262]);
  });

  test("log-mel frames are those of each recording alone", async () => {
    const { name, test: testing } = await fsdd({ folder, features: "logMel", audio: { hop: 800 } });
    const { x, lengths, y, speaker } = testing;
    expect([name, x.shape]).toEqual(["FSDD, official split, log-mel of 40 bands", [300, 23, 40]]);
    const row = Array.from(valuesOf(y)).findIndex((digit, i) => digit === 7 && valuesOf(speaker)[i] === 1);
    const bytes = new Uint8Array(await readFile(join(folder ?? "", "fsdd/recordings/7_jackson_0.wav")));
    const { samples, rate } = parseWav(bytes, origin);
    const alone = logMel(samples, { rate, size: 256, window: 200, hop: 800, bands: 40 });
    const values = valuesOf(x).subarray(row * 23 * 40, (row + 1) * 23 * 40);
    expect(valuesOf(lengths)[row]).toBe(alone.shape[0]);
    expect([...values.subarray(0, alone.data.length)]).toEqual([...alone.data]);
    expect(values.subarray(alone.data.length).every((v) => v === 0)).toBe(true);
  });

  test("a changed sample and a damaged recording are errors", async () => {
    const scratch = await mkdtemp(join(tmpdir(), "sluice-fsdd-"));
    try {
      const [from, to] = [folder ?? "", scratch].map((root) => join(root, "fsdd/recordings"));
      await mkdir(to ?? "", { recursive: true });
      const names = await readdir(from ?? "");
      await Promise.all(names.map((name) => symlink(join(from ?? "", name), join(to ?? "", name))));
      const file = join(to ?? "", "3_theo_9.wav");
      const bytes = await readFile(file);
      await rm(file);
      bytes[50] = (bytes[50] ?? 0) ^ 1;
      await writeFile(file, bytes);
      await expect(fsdd({ folder: scratch })).rejects.toThrow(
        /^FSDD: fsdd\/recordings: damaged or another version: the SHA-256 of its 3000 sums is/,
      );
      if (!inject("long")) return;
      await writeFile(file, bytes.subarray(0, 100));
      await expect(fsdd({ folder: scratch })).rejects.toThrow(
        "FSDD: fsdd/recordings/3_theo_9.wav, byte 4: it has 100 bytes",
      );
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  });
});
