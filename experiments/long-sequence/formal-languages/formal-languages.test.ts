import { valuesOf } from "@sluice/tensor";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { describe, expect, test } from "vitest";
import { languages, type LanguageName, type Strings } from "./languages.ts";
import formalLanguages from "./study.ts";

/** The settings that differ. */
const size = {
  longest: 6,
  testLengths: [8],
  testStrings: 10,
  train: 40,
  validation: 20,
  hidden: 4,
  headWidth: 2,
  batch: 10,
  epochs: 3,
  logEvery: 3,
  validateEvery: 5,
};

describe("the study", () => {
  const laws = studySuite(formalLanguages, { size, stopAt: [4, 5, 12], diverging: { learningRate: 1e38 } });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

/** The symbols that a row reads, and those that are asked of it. */
function rowOf({ x, lengths, y, counted }: Strings, row: number) {
  const [, steps = 0, symbols = 0] = x.shape;
  const length = Number(valuesOf(lengths)[row]);
  const at = Array.from({ length: steps }, (_, step) => row * steps + step);
  const read = at.map((i) => Array.from(valuesOf(x).subarray(i * symbols, (i + 1) * symbols), Number));
  // One symbol at every step, and none beyond the length.
  expect(read.map((hot) => hot.reduce((sum, each) => sum + each, 0))).toEqual(
    at.map((_, step) => Number(step < length)),
  );
  const isAsked = at.map((i) => Number(valuesOf(counted)[i]) === 1);
  return {
    symbols: read.slice(0, length).map((hot) => hot.indexOf(1)),
    asked: at.flatMap((_, step) => (isAsked[step] === true ? [step] : [])),
    answer: at.flatMap((i, step) => (isAsked[step] === true ? [Number(valuesOf(y)[i])] : [])),
  };
}

const rows = (name: LanguageName) => {
  const strings = languages[name].draw({ time: 9, shortest: 3, train: 30, validation: 1, test: 1 }).train;
  expect(strings.x.shape[2]).toBe(languages[name].symbols);
  return Array.from({ length: 30 }, (_, row) => rowOf(strings, row));
};

describe("the answer", () => {
  test("on parity is asked for at the last bit: whether the ones are odd", () => {
    for (const { symbols, asked, answer } of rows("parity")) {
      expect(asked).toEqual([symbols.length - 1]);
      expect(answer).toEqual([symbols.filter((bit) => bit === 1).length % 2]);
    }
  });

  test("on modular arithmetic is asked for after the expression: its value", () => {
    for (const { symbols, asked, answer } of rows("modularArithmetic")) {
      expect(asked).toEqual([symbols.length - 1]);
      expect(symbols.at(-1)).toBe(0);
      const text = symbols.slice(0, -1).map((symbol) => (symbol > 5 ? "+-*"[symbol - 6] : String(symbol - 1)));
      // Terms of products, with their signs.
      const terms = text
        .join("")
        .replaceAll("-", "+-")
        .split("+")
        .map((term) => term.split("*").reduce((product, factor) => product * Number(factor), 1));
      const value = terms.reduce((sum, term) => sum + term, 0) % 5;
      expect(answer).toEqual([value < 0 ? value + 5 : Math.abs(value)]);
    }
  });

  test.for([
    ["reverseString", (string: readonly number[]) => string.toReversed()],
    ["duplicateString", (string: readonly number[]) => [...string, ...string]],
  ] as const)("on %s is the string, asked for after it", ([name, rule]) => {
    for (const { symbols, asked, answer } of rows(name)) {
      const string = symbols.slice(0, symbols.indexOf(0));
      expect(symbols.slice(string.length)).toEqual(rule(string).map(() => 0));
      expect(asked).toEqual(rule(string).map((_, i) => string.length + i));
      expect(answer).toEqual(rule(string));
    }
  });
});

test("the accuracy is the mean over the test lengths, which the figure shows", async () => {
  const { outcome, left } = await runInMemory(formalLanguages, {
    config: { ...formalLanguages.settings, ...size, testLengths: [8, 9], cell: "gru" },
  });
  const { x, lines } = left.series["by-length"]!;
  expect(Array.from(x.values)).toEqual([8, 9]);
  const rights = Array.from(lines["end of training"] ?? []);
  expect(outcome?.metrics?.["accuracy"]).toBe(((rights[0] ?? NaN) + (rights[1] ?? NaN)) / 2);
  // Of 10 strings with one answer each.
  expect(
    rights.every((right) => right >= 0 && right <= 100 && Math.abs(right / 10 - Math.round(right / 10)) < 1e-5),
  ).toBe(true);
});

test("the published accuracies are marked as of another setting", () => {
  expect(formalLanguages.anchors.map(({ sameSetting }) => sameSetting)).not.toContain(true);
  expect(
    formalLanguages.anchors.every(
      ({ task, variant }) => task in formalLanguages.tasks && variant in formalLanguages.variants,
    ),
  ).toBe(true);
  expect(formalLanguages.claims.map(({ kind }) => kind)).not.toContain("published");
});
