import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { key, valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { DataError, mosi, parseMosi } from "../index.ts";
import { folderWith, readIn } from "../testing/data-folder.ts";
import { datasetSuite } from "../testing/index.ts";

const origin = { set: "toy", file: "toy.jsonl", obtain: "Get it there." };
const folder = folderWith("mosi");

const utterance = (clip: string, number: number, other: object = {}): object => ({
  clip,
  utterance: number,
  transcript: "GOOD",
  positive: 1,
  text: new Array(100).fill(0.5),
  audio: new Array(73).fill(-1),
  video: new Array(100).fill(2),
  ...other,
});
const lines = (...rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

describe("the lines of MOSI", () => {
  test("are utterances in clips", () => {
    const clips = parseMosi(lines(utterance("a", 1), utterance("a", 2, { positive: 0 }), utterance("b", 1)), origin);
    expect(clips.map(({ id, utterances }) => [id, utterances.map(({ positive }) => positive)])).toEqual([
      ["a", [true, false]],
      ["b", [true]],
    ]);
    expect(clips[0]?.utterances[0]?.audio).toEqual(new Float32Array(73).fill(-1));
  });

  test.each<[string, string, string]>([
    ["empty", "", "line 1: it has no utterances"],
    ["cut off", lines(utterance("a", 1)).slice(0, 100), "line 1: it is not JSON, so the file is cut off"],
    ["a blank line", `${lines(utterance("a", 1))}\n${lines(utterance("a", 2))}`, "line 2: it is not JSON"],
    ["a list", "[1]\n", "line 1: expected an object"],
    ["null", "null\n", "line 1: expected an object"],
    ["a field missing", lines({ ...utterance("a", 1), video: undefined }), "line 1: it has no field video"],
    [
      "a field twice",
      lines(utterance("a", 1)).replace('"positive":1', '"positive":1,"positive":0'),
      'line 1: it is not JSON, so the file is cut off or not the data set (an object has the member "positive" twice)',
    ],
    ["a field too many", lines(utterance("a", 1, { label: 2 })), "line 1: it has the unknown field label"],
    ["no name of a clip", lines(utterance("", 1)), 'line 1: its clip is "", expected a name'],
    [
      "a clip twice",
      lines(utterance("a", 1), utterance("b", 1), utterance("a", 2)),
      "line 3: the clip a begins a second",
    ],
    ["a gap", lines(utterance("a", 1), utterance("a", 3)), "line 2: utterance 3 of the clip a, expected utterance 2"],
    ["an utterance twice", lines(utterance("a", 1), utterance("a", 1)), "line 2: utterance 1 of the clip a, expected"],
    ["a label that is none", lines(utterance("a", 1, { positive: 2.4 })), "line 1: positive is 2.4, expected 0 or 1"],
    ["a label as text", lines(utterance("a", 1, { positive: "1" })), 'line 1: positive is "1", expected 0 or 1'],
    ["no transcript", lines(utterance("a", 1, { transcript: null })), "line 1: its transcript is null"],
    ["no list", lines(utterance("a", 1, { text: "x" })), "line 1: text is not a list of numbers"],
    ["too few", lines(utterance("a", 1, { audio: [1] })), "line 1: audio has 1 features, expected 73"],
    [
      "NaN",
      lines(utterance("a", 1, { text: new Array(100).fill(NaN) })),
      "line 1: feature 1 of text is null, expected",
    ],
    [
      "too large for f32",
      lines(utterance("a", 1, { text: new Array(100).fill(1e39) })),
      "line 1: feature 1 of text is 1e+39, expected a finite number",
    ],
  ])("damaged: %s", (_, text, message) => {
    expect(() => parseMosi(text, origin)).toThrow(DataError);
    expect(() => parseMosi(text, origin)).toThrow(`toy: toy.jsonl, ${message}`);
  });
});

test("refuses what it cannot hold out, and says how to get the set", async () => {
  await expect(mosi({ validation: 63 })).rejects.toThrow("mosi: validation 63 is more than the 62 training clips");
  await expect(mosi({ folder: "/nowhere" })).rejects.toThrow(/^MOSI: .*train.jsonl: cannot be read.*bc-LSTM release/);
});

describe.skipIf(folder === null)("MOSI, where there is a data folder with it", () => {
  const tensors = {
    text: { shape: [63, 100], dtype: "f32" },
    audio: { shape: [63, 73], dtype: "f32" },
    video: { shape: [63, 100], dtype: "f32" },
    lengths: { shape: [], dtype: "i32" },
    y: { shape: [63], dtype: "i32" },
  } as const;
  const make = (k = key(0)) => mosi({ folder, key: k });
  for (const { name, skip, run } of datasetSuite(make, { tensors, key: key(1), examples: 93, read: readIn(folder) }))
    test(name, { skip: skip !== undefined }, run);

  test("has the published counts, and its clips are in one split each", async () => {
    const { train, validation, test: testing, clips } = await make();
    const total = (lengths: ArrayLike<number>): number => Array.from(lengths).reduce((a, b) => a + b, 0);
    const counts = [train, validation, testing].map(({ lengths, y }) => [
      lengths.shape[0],
      total(valuesOf(lengths)),
      total(valuesOf(y)),
    ]);
    expect([counts[0]?.[0], counts[1]?.[0], counts[2]]).toEqual([52, 10, [31, 752, 467]]);
    expect([(counts[0]?.[1] ?? 0) + (counts[1]?.[1] ?? 0), (counts[0]?.[2] ?? 0) + (counts[1]?.[2] ?? 0)]).toEqual([
      1447, 709,
    ]);
    const ids = Object.values(clips).flatMap((part) => part.map(({ id }) => id));
    expect(new Set(ids).size).toBe(93);
  });

  test("rows are the clips of the file, step by step", async () => {
    const { test: testing, clips } = await make();
    const rows = (await readFile(join(folder ?? "", "mosi/test.jsonl"), "utf8")).trim().split("\n");
    const places = clips.test.flatMap(({ id, utterances }, row) =>
      utterances.map((_, t) => [id, row * 63 + t] as const),
    );
    expect(places).toHaveLength(rows.length);
    const [audio, y] = [valuesOf(testing.audio), valuesOf(testing.y)];
    rows.forEach((row, i) => {
      const given = JSON.parse(row);
      const [id = "", at = 0] = places[i] ?? [];
      expect([id, y[at], [...audio.subarray(at * 73, at * 73 + 73)]]).toEqual([
        given.clip,
        given.positive,
        given.audio.map(Math.fround),
      ]);
    });
  });
});
