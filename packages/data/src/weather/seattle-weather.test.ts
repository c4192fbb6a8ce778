import { readFile } from "node:fs/promises";
import { valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { DataError, seattleWeather, type Read } from "../index.ts";
import { datasetSuite } from "../testing/index.ts";

const file = new URL("../data/seattle-weather.csv", import.meta.resolve("vega-datasets"));
const read = async () => new Uint8Array(await readFile(file));
const lines = (await readFile(file, "utf8")).trim().split("\n").slice(1);
/** Field n of the day. */
const field = (day: string, n: number): string =>
  lines
    .find((line) => line.startsWith(day))
    ?.split(",")
    [n]?.trim() ?? "";

const suites = {
  temperature: { x: { shape: [30, 4], dtype: "f32" }, y: { shape: [1], dtype: "f32" } },
  weather: { x: { shape: [30, 4], dtype: "f32" }, y: { shape: [], dtype: "i32" } },
} as const;
describe.each(["temperature", "weather"] as const)("asked for the %s", (target) => {
  const options = { tensors: suites[target], examples: 701 + 365 + 365, read };
  for (const { name, skip, run } of datasetSuite(() => seattleWeather({ target }), options))
    test(name, { skip: skip !== undefined }, run);
});

test("standardized by the first two years; the numbers are those of the file", async () => {
  const { train, variables, classes } = await seattleWeather({ time: 731 - 1 });
  expect(classes).toBeUndefined();
  expect(variables.map(({ name, unit }) => `${name} ${unit}`)).toEqual([
    "precipitation mm",
    "temp_max degrees Celsius",
    "temp_min degrees Celsius",
    "wind km/h",
  ]);
  const x = valuesOf(train.x);
  expect(train.x.shape).toEqual([1, 730, 4]);
  variables.forEach(({ mean, deviation }, column) => {
    // In a spreadsheet: AVERAGE and STDEV.P of the rows of 2012 and 2013.
    const own = lines.slice(0, 731).map((line) => Number(line.split(",")[1 + column]));
    expect(mean).toBeCloseTo(own.reduce((a, b) => a + b) / 731, 10);
    expect(deviation).toBeCloseTo(Math.sqrt(own.reduce((a, b) => a + b * b, 0) / 731 - mean * mean), 8);
    own.slice(0, 730).forEach((value, day) => {
      expect((x[4 * day + column] ?? NaN) * deviation + mean).toBeCloseTo(value, 4);
    });
  });
});

test("each split asks for the days of its years", async () => {
  const [temperature, weather] = await Promise.all([
    seattleWeather({ time: 3, ahead: 2 }),
    seattleWeather({ time: 3, ahead: 2, target: "weather" }),
  ]);
  const { mean = NaN, deviation = NaN } = temperature.variables[1] ?? {};
  const degrees = (value: number | undefined): string => ((value ?? NaN) * deviation + mean).toFixed(1);
  expect(temperature.name).toBe("seattle weather, temperature 2 ahead of 3 days");
  for (const [split, days] of [
    ["train", ["2012-01-05", "2013-12-31"]],
    ["validation", ["2014-01-01", "2014-12-31"]],
    ["test", ["2015-01-01", "2015-12-31"]],
  ] as const) {
    const [asked, classes] = [valuesOf(temperature[split].y), valuesOf(weather[split].y)];
    expect([degrees(asked[0]), degrees(asked.at(-1))]).toEqual(days.map((day) => field(day, 2)));
    expect([classes[0], classes.at(-1)].map((n) => weather.classes?.[n ?? -1])).toEqual(
      days.map((day) => field(day, 5)),
    );
  }
  // Two days ahead of 2013-12-30: the first day that is asked for in 2014 follows the last three days but one of 2013.
  const given = ["2013-12-28", "2013-12-29", "2013-12-30"].map((day) => field(day, 2));
  expect([1, 5, 9].map((at) => degrees(valuesOf(temperature.validation.x)[at]))).toEqual(given);
});

describe("bad input", () => {
  test("a missing package says how to install it", async () => {
    const missing: Read = () => Promise.reject(new Error("the package vega-datasets is not installed"));
    const error = await seattleWeather({ read: missing }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DataError);
    expect(error).toMatchObject({
      message:
        "seattleWeather: vega-datasets/data/seattle-weather.csv: cannot be read (the package vega-datasets is not installed). Install the package with npm install vega-datasets@3.2.1; in a browser, pass a function that fetches its files: seattleWeather({ read }).",
    });
  });

  test("a damaged file", async () => {
    const damaged: Read = async () => (await read()).with(100, 0);
    await expect(seattleWeather({ read: damaged })).rejects.toThrow(/damaged or another version: its SHA-256 is/);
  });

  test.each<[object, string]>([
    [{ time: 0 }, "seattleWeather: time must be an integer >= 1, got 0"],
    [{ target: "rain" }, "seattleWeather: unknown target rain"],
    [{ horizon: 5 }, "seattleWeather: unknown option horizon; did you mean ahead?"],
    [
      { time: 700, ahead: 32 },
      "seattleWeather: 700 days and 32 ahead leave none of the 731 days of 2012 and 2013 to train on",
    ],
  ])("refuses %j", async (options, message) => {
    await expect(seattleWeather(options)).rejects.toThrow(message);
  });
});
