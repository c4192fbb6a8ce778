import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { valuesOf } from "@sluice/tensor";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { DataError, dataFolder, japaneseVowels, parseUea, pickupGestureWiimoteZ, ueaExamples } from "../index.ts";
import { folderWith, readIn } from "../testing/data-folder.ts";
import { datasetSuite } from "../testing/index.ts";

const folder = folderWith("uea");
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
    expect(parseUea(text, where).series).toEqual([
      { channels: [Float64Array.of(0.5, 1)], label: 1, times: undefined, target: undefined },
    ]);
  });

  test("numbers to predict", () => {
    const text = "@problemName heat\n@univariate false\n@targetlabel true\n@data\n1,2:3,?:-1.5\n4:5:6e2\n";
    const { classes, series } = parseUea(text, where);
    expect(classes).toEqual([]);
    expect(series.map(({ channels, label, target }) => [channels.map((c) => [...c]), label, target])).toEqual([
      [
        [
          [1, 2],
          [3, NaN],
        ],
        undefined,
        -1.5,
      ],
      [[[4], [5]], undefined, 600],
    ]);
  });

  test("neither classes nor numbers to predict", () => {
    const { series } = parseUea("@classLabel false\n@data\n1,2:3,4\n", where);
    expect(series.map(({ channels, label, target }) => [channels.length, label, target])).toEqual([
      [2, undefined, undefined],
    ]);
  });

  test("time stamps, numbers and dates, with channels of their own", () => {
    const text =
      "@timeStamps true\n@missing true\n@classLabel true a b\n@data\n" +
      '(0,1.5), (2.5,?):(-1,7):b\n(2020-02-29,1),(2020-02-29 12:30,2),(2020-02-29T12:30:01.500,3):("2020-03-01 00:00:00",4):a\n';
    const { series } = parseUea(text, where);
    expect(
      series.map(({ channels, times, label }) => [channels.map((c) => [...c]), times?.map((t) => [...t]), label]),
    ).toEqual([
      [[[1.5, NaN], [7]], [[0, 2.5], [-1]], 1],
      [
        [[1, 2, 3], [4]],
        // date -u -d "2020-02-29" +%s
        [[1582934400, 1582979400, 1582979401.5], [1583020800]],
        0,
      ],
    ]);
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

describe("series as tensors", () => {
  test("have zeros where values are missing, and a mask", () => {
    const { x, observed, lengths, y } = ueaExamples(parseUea(`${header}1,?:4,5:b\n7:8:a\n`, where), { time: 3 });
    expect([x.shape, observed.dtype, y.dtype]).toEqual([[2, 3, 2], "bool", "i32"]);
    expect([...valuesOf(x)]).toEqual([1, 4, 0, 5, 0, 0, 7, 8, 0, 0, 0, 0]);
    expect([...valuesOf(observed)]).toEqual([1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0]);
    expect([...valuesOf(lengths), ...valuesOf(y)]).toEqual([2, 1, 1, 0]);
  });

  test("have targets of regression", () => {
    const { y } = ueaExamples(parseUea("@targetLabel true\n@data\n1,2:0.5\n1,2,3:-2\n", where));
    expect([y.shape, y.dtype, ...valuesOf(y)]).toEqual([[2, 1], "f32", 0.5, -2]);
  });

  test.each([
    ["@classLabel false\n@data\n1,2\n", {}, "ueaExamples: the series have neither classes nor targets"],
    ["@timeStamps true\n@classLabel true a\n@data\n(0,1):a\n", {}, "ueaExamples: the series have time stamps"],
    ["@classLabel true a\n@data\n1,2,3:a\n", { time: 2 }, "ueaExamples: a series has 3 steps, but time is 2"],
  ])("refuse %j", (text, options, message) => {
    expect(() => ueaExamples(parseUea(text, where), options)).toThrow(message);
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

test("Japanese vowels, where there is a data folder with it", async ({ skip }) => {
  skip(folder === null, "there is no data folder with it");
  const { train, validation, test: testing, classes, provenance } = await japaneseVowels({ folder, validation: 20 });
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
  const text = await readFile(join(folder ?? "", "uea/JapaneseVowels/JapaneseVowels_TEST.ts"), "utf8");
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

describe.skipIf(folder === null)("Japanese vowels as a data set, where there is a data folder with it", () => {
  const tensors = {
    x: { shape: [29, 12], dtype: "f32" },
    lengths: { shape: [], dtype: "i32" },
    y: { shape: [], dtype: "i32" },
  } as const;
  const make = () => japaneseVowels({ folder });
  for (const { name, skip, run } of datasetSuite(make, { tensors, examples: 640, read: readIn(folder) }))
    test(name, { skip: skip !== undefined }, run);
});

describe.skipIf(folder === null)("Pickup gesture, where there is a data folder with it", () => {
  const tensors = {
    x: { shape: [361, 1], dtype: "f32" },
    lengths: { shape: [], dtype: "i32" },
    y: { shape: [], dtype: "i32" },
  } as const;
  const make = () => pickupGestureWiimoteZ({ folder });
  for (const { name, skip, run } of datasetSuite(make, { tensors, examples: 100, read: readIn(folder) }))
    test(name, { skip: skip !== undefined }, run);

  test("has the lengths that Python finds, and one validation series of each class", async () => {
    const { train, validation, test: testing, classes } = await make();
    const lengths = [train, validation, testing].map((split) => [...valuesOf(split.lengths)]);
    const total = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
    expect([total([...(lengths[0] ?? []), ...(lengths[1] ?? [])]), total(lengths[2] ?? [])]).toEqual([7294, 7277]);
    expect([Math.min(...lengths.flat()), Math.max(...lengths.flat())]).toEqual([29, 361]);
    expect([...valuesOf(validation.y)].toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(classes).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
  });

  test("refuses more validation series than there are", async () => {
    await expect(pickupGestureWiimoteZ({ folder, validation: 51 })).rejects.toThrow(
      "pickupGestureWiimoteZ: validation 51 is more than the 50 training series",
    );
  });
});
