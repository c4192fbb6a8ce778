import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { tinyShakespeare } from "../index.ts";
import { folderWith, readIn } from "../testing/data-folder.ts";
import { datasetSuite } from "../testing/index.ts";

const folder = folderWith("text");

test.each<[object, string]>([
  [{ time: 0 }, "tinyShakespeare: time must be an integer >= 1, got 0"],
  [{ by: "words" }, "tinyShakespeare: unknown by words"],
  [{ test: 111_541 }, "tinyShakespeare: test 111541 is more than the 111540 characters after the first 90 %"],
])("refuses %j", async (options, message) => {
  await expect(tinyShakespeare(options)).rejects.toThrow(message);
});

test("says how to get the set", async () => {
  await expect(tinyShakespeare({ folder: "/nowhere" })).rejects.toThrow(
    /^tiny-shakespeare: .*cannot be read.*Download/,
  );
});

describe.skipIf(folder === null)("tiny-shakespeare, where there is a data folder with it", () => {
  const tensors = { x: { shape: [100], dtype: "i32" }, y: { shape: [100], dtype: "i32" } } as const;
  const make = () => tinyShakespeare({ folder, test: 55_770 });
  for (const { name, skip, run } of datasetSuite(make, { tensors, examples: 10_038 + 557 + 557, read: readIn(folder) }))
    test(name, { skip: skip !== undefined }, run);

  test("windows are the text, and targets the text one further", async () => {
    const { train, validation, test: testing, vocabulary } = await tinyShakespeare({ folder, time: 64 });
    const text = await readFile(join(folder ?? "", "text/input.txt"), "latin1");
    const shown = (numbers: Iterable<number>): string => Array.from(numbers, (n) => vocabulary[n]).join("");
    expect(vocabulary.join("")).toBe("\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    // The numbers of nanoGPT's character-level preparation.
    expect([...valuesOf(train.x).subarray(0, 20)]).toEqual([
      18, 47, 56, 57, 58, 1, 15, 47, 58, 47, 64, 43, 52, 10, 0, 14, 43, 44, 53, 56,
    ]);
    for (const [{ x, y }, from] of [
      [train, 0],
      [validation, 1_003_854],
    ] as const) {
      const size = valuesOf(x).length;
      expect(shown(valuesOf(x))).toBe(text.slice(from, from + size));
      expect(shown(valuesOf(y))).toBe(text.slice(from + 1, from + size + 1));
    }
    expect([train.x.shape, validation.x.shape, testing.x.shape]).toEqual([
      [15_685, 64],
      [1742, 64],
      [0, 64],
    ]);
  });

  test("by bytes they are the bytes", async () => {
    const { test: testing, vocabulary } = await tinyShakespeare({ folder, by: "bytes", time: 7, test: 50 });
    const bytes = await readFile(join(folder ?? "", "text/input.txt"));
    expect(testing.x.shape).toEqual([7, 7]);
    expect([...valuesOf(testing.x)]).toEqual([...bytes.subarray(-50, -1)]);
    expect([...valuesOf(testing.y)]).toEqual([...bytes.subarray(-49)]);
    expect([vocabulary.length, vocabulary[10]]).toEqual([256, "0a"]);
  });
});
