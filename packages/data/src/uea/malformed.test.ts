import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DataError, parseUea, type UeaSet } from "../index.ts";

const where = { set: "toy", file: "toy.ts", obtain: "Get it there." };
const parsed = (text: string): UeaSet => parseUea(text, where);

/** A file with these lines before `@data`, and these after it. The first series is on line `tags.length + 2`. */
const file = (tags: readonly string[], ...series: readonly string[]): string =>
  [...tags.map((tag) => `@${tag}`), "@data", ...series, ""].join("\n");
const plain = ["classLabel true a b"];
const timed = ["timeStamps true", "classLabel true a b"];
const target = ["targetLabel true"];

const malformed: readonly (readonly [what: string, text: string, message: string])[] = [
  // The header
  ["empty", "", "line 1: it has no @data line, so it is not a .ts file, or it is truncated"],
  ["another format", "1,2,3,a\n4,5,6,b\n", "line 3: it has no @data line"],
  ["cut off in the header", "@problemName toy\n@classLabel tr", "line 2: it has no @data line"],
  ["data without its @", "@classLabel true a\ndata\n1:a\n", "line 4: it has no @data line"],
  ["a series before @data", "@classLabel true a\n1,2:a\n@data\n", 'line 2: "1,2:a" stands before @data'],
  ["a misspelt tag", file(["equalLenght true", ...plain], "1:a"), "line 1: the tag @equalLenght is unknown"],
  [
    "the same tag twice",
    file(["missing true", "missing false", ...plain], "1:a"),
    "line 2: the tag @missing comes a second",
  ],
  [
    "a tag twice, spelt otherwise",
    file(["timeStamps false", "timestamps true", ...plain], "1:a"),
    "line 2: the tag @timestamps",
  ],
  [
    "a truth that is none",
    file(["univariate yes", ...plain], "1:a"),
    'line 1: its @univariate line says "yes", expected true or false',
  ],
  [
    "a truth left out",
    file(["timeStamps", ...plain], "1:a"),
    'line 1: its @timeStamps line says "", expected true or false',
  ],
  ["missing values neither", file(["missing 0", ...plain], "1:a"), 'line 1: its @missing line says "0"'],
  [
    "negative channels",
    file(["dimensions -2", ...plain], "1:a"),
    'line 1: its @dimensions line says "-2", expected an integer of at least 1',
  ],
  ["half a channel", file(["dimensions 1.5", ...plain], "1:a"), 'line 1: its @dimensions line says "1.5"'],
  [
    "no length",
    file(["equalLength true", "seriesLength long", ...plain], "1:a"),
    'line 2: its @seriesLength line says "long"',
  ],
  [
    "univariate with two channels",
    file(["univariate true", "dimensions 2", ...plain], "1:2:a"),
    "line 2: it has 2 dimensions, but @univariate is true",
  ],
  [
    "two counts of channels",
    file(["dimensions 2", "dimension 3", ...plain], "1:2:a"),
    "its @dimensions line says 2, but its @dimension line 3",
  ],
  [
    "neither classes nor targets",
    file(["problemName toy"], "1:a"),
    "line 2: its header has neither a @classLabel nor a @targetLabel line",
  ],
  ["classes without names", file(["classLabel true"], "1:a"), "line 1: its @classLabel line names no classes"],
  [
    "names without classes",
    file(["classLabel false a b"], "1:a"),
    "line 1: its @classLabel line says false, but names classes",
  ],
  [
    "names in the place of true",
    file(["classLabel a b"], "1:a"),
    'line 1: its @classLabel line says "a", expected true or false',
  ],
  ["a class twice", file(["classLabel true a b a"], "1:a"), 'line 1: its @classLabel line names the class "a" twice'],
  ["a class with a separator", file(["classLabel true a:b"], "1:a:b"), 'line 1: the class "a:b" has a ":"'],
  ["classes and targets", file([...plain, ...target], "1:a"), "line 2: it has both classes and a @targetLabel"],
  // The series
  ["no series", file(plain), "line 3: no series come after its @data line, so it is truncated"],
  ["another class", file(plain, "1:c"), 'line 3: its class "c" is not one of a, b'],
  ["no class", file(plain, "1,2"), 'line 3: its class "1,2" is not one of a, b'],
  ["an empty class", file(plain, "1,2:"), 'line 3: its class "" is not one of a, b'],
  ["a class alone", file(plain, "a"), "line 3: it has a class, but no channels"],
  ["a class in another case", file(plain, "1:A"), 'line 3: its class "A" is not one of a, b'],
  ["cut off inside a value", file(plain, "1,2:a", "1,2."), 'line 4: its class "1,2." is not one of a, b'],
  ["a tag after @data", file(plain, "1:a", "@data"), 'line 4: its class "@data" is not one of a, b'],
  ["a comment after @data", file(plain, "# 1:a"), 'line 3: "# 1" is not a number'],
  ["an empty value", file(plain, "1,,2:a"), 'line 3: "" is not a number'],
  ["an empty channel", file(plain, "1::a"), 'line 3: "" is not a number'],
  ["a comma at the end", file(plain, "1,2,:a"), 'line 3: "" is not a number'],
  ["a word", file(plain, "1,two:a"), 'line 3: "two" is not a number'],
  ["a hexadecimal number", file(plain, "0x10:a"), 'line 3: "0x10" is not a number'],
  ["a binary number", file(plain, "0b1:a"), 'line 3: "0b1" is not a number'],
  ["infinity", file(plain, "1,inf:a"), 'line 3: "inf" is not a number'],
  ["JavaScript's infinity", file(plain, "-Infinity:a"), 'line 3: "-Infinity" is not a number'],
  ["too large", file(plain, "1e999:a"), 'line 3: "1e999" is too large for a number'],
  ["a thousands separator", file(plain, "1 000:a"), 'line 3: "1 000" is not a number'],
  ["two points", file(plain, "1.2.3:a"), 'line 3: "1.2.3" is not a number'],
  ["two signs", file(plain, "--1:a"), 'line 3: "--1" is not a number'],
  ["half an exponent", file(plain, "1e:a"), 'line 3: "1e" is not a number'],
  ["semicolons", file(plain, "1;2;3:a"), 'line 3: "1;2;3" is not a number'],
  ["two series on a line", file(plain, "1,2:a 1,2:b"), 'line 3: "a 1" is not a number'],
  [
    "missing where nothing is",
    file(["missing false", ...plain], "1,?:a"),
    "line 4: a value is missing, but the header says @missing false",
  ],
  ["another marker of missing values", file(["missing true", ...plain], "1,NA:a"), 'line 4: "NA" is not a number'],
  [
    "a channel too many",
    file(["univariate true", ...plain], "1:2:a"),
    "line 4: it has 2 channels, but the header says 1",
  ],
  ["a channel too few", file(["dimensions 3", ...plain], "1:2:a"), "line 4: it has 2 channels, but the header says 3"],
  [
    "other channels than the first series",
    file(plain, "1:2:a", "1:b"),
    "line 4: it has 1 channels, but the first series has 2",
  ],
  ["channels of other lengths", file(plain, "1,2:3:a"), "line 3: channel 2 has 1 values, but the first has 2"],
  [
    "lengths that differ",
    file(["equalLength true", ...plain], "1,2:a", "1:b"),
    "line 5: it has 1 steps, but the header says that all series have the same length, and the first has 2",
  ],
  [
    "another length",
    file(["equalLength true", "seriesLength 3", ...plain], "1,2:a"),
    "line 5: it has 2 steps, but the header says that all series have 3",
  ],
  // Regression
  ["no target", file(target, "1,2:"), 'line 3: its target "" is not a number'],
  ["a class in the place of a target", file(target, "1,2:a"), 'line 3: its target "a" is not a number'],
  ["a missing target", file(target, "1,2:?"), "line 3: its target is missing"],
  ["a target alone", file(target, "5"), "line 3: it has a target, but no channels"],
  // Time stamps
  ["values without times", file(timed, "1,2:a"), 'line 4: "1,2" is not a pair (time,value)'],
  ["times where the header has none", file(plain, "(0,1):a"), 'line 3: "(0" is not a number'],
  ["three numbers", file(timed, "(0,1,2):a"), 'line 4: "(0,1,2)" is not a pair (time,value)'],
  ["a bracket that stays open", file(timed, "(0,1),(1,2:a"), 'line 4: "(1,2" is not a pair'],
  ["no comma between pairs", file(timed, "(0,1)(1,2):a"), 'line 4: a comma is missing before "(1,2)"'],
  ["a comma after the last pair", file(timed, "(0,1),:a"), "line 4: it ends with a comma"],
  ["no time", file(timed, "(,1):a"), 'line 4: "" is not a number'],
  ["a missing time", file(timed, "(?,1):a"), 'line 4: the time stamp "?" is missing'],
  ["no value", file(timed, "(1,):a"), 'line 4: "" is not a number'],
  [
    "a time twice",
    file(timed, "(1,1),(1,2):a"),
    "line 4: the time stamp 1 is not after the one before it; times must increase",
  ],
  ["times that go back", file(timed, "(2,1),(1,2):a"), "line 4: the time stamp 1 is not after the one before it"],
  ["no pairs", file(timed, "(0,1)::a"), "line 4: a channel has no values"],
  [
    "a month too many",
    file(timed, "(2020-13-01,1):a"),
    'line 4: the time stamp "2020-13-01" is not a date of the calendar',
  ],
  ["the 30th of February", file(timed, "(2020-02-30,1):a"), 'line 4: the time stamp "2020-02-30" is not a date'],
  [
    "an hour too many",
    file(timed, "(2020-02-03 25:00,1):a"),
    'line 4: the time stamp "2020-02-03 25:00" is not a date',
  ],
  ["a date the other way round", file(timed, "(03.02.2020,1):a"), 'line 4: "03.02.2020" is not a number'],
];

describe("a malformed .ts file is an error that names the line", () => {
  test.each(malformed)("%s", (_, text, message) => {
    let error: unknown;
    try {
      parsed(text);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({ message: expect.stringContaining(`toy: toy.ts, `) });
    expect(error).toMatchObject({ message: expect.stringContaining(message) });
    expect(error).toMatchObject({ message: expect.stringMatching(/\. Get it there\.$/) });
  });
});

// Values with few digits, so that the text of each is its own.
const value = fc.oneof(
  { weight: 9, arbitrary: fc.integer({ min: -9999, max: 9999 }).map((n) => n / 100) },
  { weight: 1, arbitrary: fc.constant(NaN) },
);
const shown = (v: number): string => (Number.isNaN(v) ? "?" : String(v));

const set = fc
  .record({ width: fc.integer({ min: 1, max: 3 }), stamps: fc.boolean(), regression: fc.boolean() })
  .chain(({ width, stamps, regression }) =>
    fc.record({
      width: fc.constant(width),
      stamps: fc.constant(stamps),
      regression: fc.constant(regression),
      series: fc.array(
        fc.record({
          channels: fc
            .integer({ min: 1, max: 5 })
            .chain((steps) =>
              fc.array(fc.array(value, { minLength: steps, maxLength: steps }), { minLength: width, maxLength: width }),
            ),
          start: fc.integer({ min: -50, max: 50 }),
          label: fc.integer({ min: 0, max: 2 }),
        }),
        { minLength: 1, maxLength: 5 },
      ),
    }),
  );
const classes = ["left", "right", "up"];

type Given = typeof set extends fc.Arbitrary<infer T> ? T : never;
const written = ({ width, stamps, regression, series }: Given): string =>
  [
    "# made for a test",
    "@problemName made",
    `@timestamps ${stamps}`,
    `@dimensions ${width}`,
    regression ? "@targetLabel TRUE" : `@classLabel true ${classes.join(" ")}`,
    "@DATA",
    ...series.map(({ channels, start, label }) =>
      [
        ...channels.map((channel) =>
          channel.map((v, t) => (stamps ? `(${start + t * 0.5},${shown(v)})` : shown(v))).join(","),
        ),
        regression ? String(label / 4) : classes[label],
      ].join(":"),
    ),
  ].join("\n");

test("what is written is read", () => {
  fc.assert(
    fc.property(set, (given) => {
      const { series, classes: found } = parsed(written(given));
      expect(found).toEqual(given.regression ? [] : classes);
      expect(series).toEqual(
        given.series.map(({ channels, start, label }) => ({
          channels: channels.map((channel) => Float64Array.from(channel)),
          times: given.stamps ? channels.map((c) => Float64Array.from(c, (_, t) => start + t * 0.5)) : undefined,
          label: given.regression ? undefined : label,
          target: given.regression ? label / 4 : undefined,
        })),
      );
    }),
  );
});

test("a text cut off anywhere is an error, or whole series of it", () => {
  fc.assert(
    fc.property(set, fc.nat(), (given, where) => {
      // A number that is cut off may still be one, so this holds for classes only.
      const classed = { ...given, regression: false };
      const text = written(classed);
      const whole = parsed(text).series;
      let cut: UeaSet;
      try {
        cut = parsed(text.slice(0, where % (text.length + 1)));
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
        return;
      }
      expect(cut.series).toEqual(whole.slice(0, cut.series.length));
    }),
  );
});

test("a stray character among the values is an error, never a number", () => {
  fc.assert(
    fc.property(set, fc.constantFrom("x", ";", ",", "(", ")", "#", "e", "/", "'"), fc.nat(), (given, stray, where) => {
      const text = written(given);
      const start = text.indexOf("@DATA") + 6;
      const at = start + (where % (text.length - start));
      // An "e" between digits makes another number.
      fc.pre(
        stray !== "e" && stray !== "," ? true : !/[\d.?-]/.test(text[at] ?? "") || !/[\d.]/.test(text[at - 1] ?? ""),
      );
      expect(() => parsed(text.slice(0, at) + stray + text.slice(at))).toThrow(DataError);
    }),
  );
});

test("arbitrary text is an error of its own", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (header, series) => {
      for (const text of [header, file(plain, series), `${header}\n${file(timed, series)}`]) {
        try {
          parsed(text);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }
    }),
  );
});
