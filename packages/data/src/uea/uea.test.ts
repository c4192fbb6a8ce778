import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { valuesOf } from "@sluice/tensor";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DataError, dataFolder, japaneseVowels, parseUea } from "../index.ts";

const folder = dataFolder();
const where = { set: "toy", file: "toy.ts", obtain: "Get it there." };
const header =
  "# a comment\n@problemName toy\n@univariate false\n@dimensions 2\n@equalLength false\n@classLabel true a b\n@data\n";

describe("the .ts format", () => {
  test("series of unequal length, by channel", () => {
    const { problem, classes, series } = parseUea(`${header}1,2,3:4,5,-6e-1:b\r\n7:?:a\n\n`, where);
    expect([problem, classes]).toEqual(["toy", ["a", "b"]]);
    expect(series.map(({ channels, label }) => [channels.map((c) => [...c]), label])).toEqual([
      [
        [
          [1, 2, 3],
          [4, 5, -0.6],
        ],
        1,
      ],
      [[[7], [NaN]], 0],
    ]);
  });

  test("one channel", () => {
    const text = "@problemName one\n@univariate true\n@classLabel true 1 2\n@data\n0.5,1:2\n";
    expect(parseUea(text, where).series).toEqual([{ channels: [Float64Array.of(0.5, 1)], label: 1 }]);
  });

  test.each([
    ["no data", "@problemName toy\n", "it has no @data line"],
    ["another class", `${header}1:2:c\n`, 'toy: toy.ts, line 8: its class "c" is not one of a, b. Get it there.'],
    ["cut off", `${header}1,2:3,4:a\n1,2:3,`, 'line 9: its class "3," is not one of a, b'],
    ["unequal channels", `${header}1,2:3:a\n`, "line 8: channel 2 has 1 values, but the first has 2"],
    ["a channel missing", `${header}1,2:a\n`, "line 8: it has 1 channels, but the header says 2"],
    ["no number", `${header}1,x:3,4:a\n`, 'line 8: "x" is not a number'],
    // Number("0x10") is 16.
    ["a hexadecimal number", `${header}1,0x10:3,4:a\n`, 'line 8: "0x10" is not a number'],
    [
      "no channels",
      `${header.replace("@dimensions 2", "@dimensions 0")}1,2:a\n`,
      'its @dimensions line says "0", expected an integer of at least 1',
    ],
    [
      "a class twice",
      `${header.replace("true a b", "true a b a")}1:2:a\n`,
      'its @classLabel line names the class "a" twice',
    ],
    [
      "lengths that differ where the header says that they do not",
      `${header.replace("@equalLength false", "@equalLength true")}1,2:3,4:a\n1:2:b\n`,
      "line 9: it has 1 steps, but the header says that all series have the same length, and the first has 2",
    ],
    [
      "another length than the header's",
      `${header.replace("@equalLength false", "@equalLength true\n@seriesLength 3")}1,2:3,4:a\n`,
      "line 9: it has 2 steps, but the header says that all series have 3",
    ],
    ["an empty value", `${header}1,:3,4:a\n`, 'line 8: "" is not a number'],
  ])("damaged: %s", (_, text, message) => {
    expect(() => parseUea(text, where)).toThrow(DataError);
    expect(() => parseUea(text, where)).toThrow(message);
  });
});

describe("a data folder", () => {
  let scratch: string;
  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), "sluice-data-"));
    vi.unstubAllEnvs();
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(scratch, { recursive: true });
  });

  test("is the one given, or SLUICE_DATA, or unknown", async () => {
    vi.stubEnv("SLUICE_DATA", "/some/where");
    expect(dataFolder("/else")).toBe("/else");
    expect(dataFolder(null)).toBe("/some/where");
    vi.stubEnv("SLUICE_DATA", undefined);
    expect(dataFolder()).toBeUndefined();
    await expect(japaneseVowels()).rejects.toThrow(
      /JapaneseVowels: .*the data folder is not set; set it with --data or SLUICE_DATA\. Download JapaneseVowels from https/,
    );
  });

  test("without the file, and with a damaged one", async () => {
    const file = join(scratch, "uea", "JapaneseVowels", "JapaneseVowels_TRAIN.ts");
    const missing = await japaneseVowels({ folder: scratch }).catch((caught: unknown) => caught);
    expect(missing).toBeInstanceOf(DataError);
    expect(missing).toMatchObject({
      message: expect.stringMatching(/cannot be read \(ENOENT.*Download JapaneseVowels/),
      cause: { code: "ENOENT" },
    });
    await mkdir(join(scratch, "uea", "JapaneseVowels"), { recursive: true });
    await writeFile(file, "@data\n");
    await writeFile(file.replace("TRAIN", "TEST"), "@data\n");
    await expect(japaneseVowels({ folder: scratch })).rejects.toThrow(
      /damaged or another version: its SHA-256 is [0-9a-f]{64}, expected .* \(6 bytes\)\. Download/,
    );
  });
});

test("Japanese vowels, where SLUICE_DATA names a data folder", async ({ skip }) => {
  skip(folder === undefined, "SLUICE_DATA names no data folder");
  const { train, validation, test: testing, classes, provenance } = await japaneseVowels({ validation: 20 });
  expect([train.x.shape, validation.x.shape, testing.x.shape]).toEqual([
    [250, 29, 12],
    [20, 29, 12],
    [370, 29, 12],
  ]);
  expect(classes).toHaveLength(9);
  expect(Object.keys(provenance.files)).toHaveLength(2);
  const lengths = [train, validation, testing].flatMap((split) => [...valuesOf(split.lengths)]);
  expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([7, 29]);
  // The first utterance of the test set, as it stands in the file.
  const text = await readFile(join(folder!, "uea/JapaneseVowels/JapaneseVowels_TEST.ts"), "utf8");
  const [first] = text.slice(text.indexOf("@data\n") + 6).split("\n");
  const channels = first!
    .split(":")
    .slice(0, -1)
    .map((channel) => channel.split(",").map(Number));
  const x = valuesOf(testing.x);
  channels.forEach((channel, c) => channel.forEach((value, t) => expect(x[t * 12 + c]).toBe(Math.fround(value))));
  const length = channels[0]!.length;
  expect(valuesOf(testing.lengths)[0]).toBe(length);
  expect([...x.subarray(length * 12, 29 * 12)].every((v) => v === 0)).toBe(true);
  // Each of nine speakers has 30 utterances among the 270.
  const speakers = [...valuesOf(train.y), ...valuesOf(validation.y)];
  expect(Array.from({ length: 9 }, (_, s) => speakers.filter((y) => y === s).length)).toEqual(new Array(9).fill(30));
});
