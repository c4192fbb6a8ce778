import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { key, tensor, valuesOf } from "@sluice/tensor";
import { eventTime, fitScaler, lengthsOf, observedCount, takeRows } from "@sluice/irregular";
import { once } from "@sluice/tensor/testing";
import { describe, expect, inject, test, vi } from "vitest";
import { DataError, dataFolder, physionet2012, physionet2012Examples, stratifiedSplit } from "../index.ts";
import { datasetSuite } from "../testing/index.ts";
import { parseOutcomes } from "./outcomes.ts";
import { readStay } from "./stay.ts";
import { measured } from "./variables.ts";

const folder = dataFolder();

describe("the file of a stay", () => {
  const text = [
    "Time,Parameter,Value",
    "00:00,RecordID,132539",
    "00:00,Age,54",
    "00:00,Gender,0",
    "00:00,Height,-1",
    "00:00,ICUType,4",
    "00:00,Weight,-1",
    "00:07,HR,73",
    "00:07,HR,75",
    "47:37,Weight,80.5",
    "10:00,,1",
    "10:00,Temp,-1",
    "11:00,pH",
    "12:00,pH,7,4",
    "",
  ];
  test("is read as it stands; -1 is unknown only where it describes the patient", () => {
    const { observations, report, unknown, wrong } = readStay("132539", text.join("\r\n"), "mean");
    const at = (variable: string): number[] =>
      [...valuesOf(observations.values)].filter((_, i) => measured[i % 37]!.name === variable);
    expect([...valuesOf(observations.times)]).toEqual([7 / 60, 10, 47 + 37 / 60]);
    expect([at("HR"), at("Weight"), at("Temp")]).toEqual([
      [74, NaN, NaN],
      [NaN, NaN, 80.5],
      [NaN, -1, NaN],
    ]);
    expect([...valuesOf(observations.statics.values)]).toEqual([54, 0, NaN, 3, NaN]);
    expect([unknown, wrong]).toEqual([2, undefined]);
    expect(report.problems.map(({ line, fault, text: words }) => `${line} ${fault}: ${words}`)).toEqual([
      `9 same time: HR of "132539" at ${7 / 60} is 75, and another value in line 8; their mean is taken`,
      '11 variable: the variable is "", expected a name',
      '13 empty: pH has no value ("")',
      '14 value: pH is "12:00,pH,7,4", expected a finite number',
    ]);
  });

  test("of another stay, or no such file", () => {
    expect(readStay("1", text.join("\n"), "last").wrong).toBe("it names the RecordID 132539, expected 1");
    expect(readStay("1", "Time,Parameter,Value\n", "last").wrong).toBe("it names no RecordID, expected 1");
    expect(readStay("1", "<html>", "last").wrong).toBe('its header is "<html>", expected Time,Parameter,Value');
  });
});

describe("outcomes", () => {
  const origin = { set: "toy", file: "Outcomes-a.txt", obtain: "Get it there." };
  const outcomes = (...lines: string[]): string => ["RecordID,SOFA,In-hospital_death", ...lines, ""].join("\n");
  test("are in the order of the ids", () => {
    expect(parseOutcomes(outcomes("10,3,1", "9,-1,0"), origin)).toEqual([
      { id: "9", died: 0 },
      { id: "10", died: 1 },
    ]);
  });

  test.each([
    ["empty", "", "line 1: it has no column RecordID"],
    ["another header", "id,death\n1,0\n", "line 1: it has no column RecordID"],
    ["a column twice", "RecordID,In-hospital_death,In-hospital_death\n1,0,1\n", "line 1: it has the column In-hosp"],
    ["no records", outcomes(), "line 2: it has no records"],
    [
      "a cell too many, which shifts the others",
      outcomes("9,3,1", "10,1,1,0"),
      "line 3: it has 4 cells, but the header",
    ],
    ["cut off", outcomes("9,3,1", "10,1").trimEnd(), "line 3: it has 2 cells, but the header has 3"],
    ["neither dead nor alive", outcomes("9,3,2"), 'line 2: RecordID and In-hospital_death are "9" and "2", expected'],
    ["a record twice", outcomes("9,3,1", "9,3,0"), "line 3: the record 9 comes a second time"],
    ["an open quote", outcomes('9,3,"1'), "line 2: a quote is opened and never closed"],
  ])("%s", (_, text, message) => {
    expect(() => parseOutcomes(text, origin)).toThrow(DataError);
    expect(() => parseOutcomes(text, origin)).toThrow(`toy: Outcomes-a.txt, ${message}`);
  });
});

describe("a folder", () => {
  test("that is not set, is empty, or has a damaged file", async () => {
    vi.stubEnv("SLUICE_DATA", undefined);
    await expect(physionet2012({ set: "a" })).rejects.toThrow(
      /^PhysioNet 2012: physionet2012\/Outcomes-a.txt: the data folder is not set.*Download set A or B/,
    );
    vi.unstubAllEnvs();
    const scratch = await mkdtemp(join(tmpdir(), "sluice-data-"));
    try {
      await expect(physionet2012({ set: "b", folder: scratch })).rejects.toThrow(
        /Outcomes-b.txt: cannot be read \(ENOENT/,
      );
      await mkdir(join(scratch, "physionet2012"));
      await writeFile(join(scratch, "physionet2012", "Outcomes-b.txt"), "RecordID\n");
      const damaged = physionet2012({ set: "b", folder: scratch });
      await expect(damaged).rejects.toThrow(DataError);
      await expect(damaged).rejects.toThrow("damaged or another version: its SHA-256 is");
    } finally {
      await rm(scratch, { recursive: true });
    }
  });

  test("and options that there are not", async () => {
    await expect(physionet2012({ set: "c" as "a" })).rejects.toThrow("physionet2012: unknown set c; known: a, b");
    await expect(physionet2012({ set: "a", ...{ data: "." } })).rejects.toThrow("did you mean folder?");
    await expect(physionet2012({ set: "a", view: "daily" as "hourly" })).rejects.toThrow("known: events, hourly");
  });
});

/** Each is read once. */
const sets = { a: once(() => physionet2012({ set: "a" })), b: once(() => physionet2012({ set: "b" })) };

/** Counted from the files with pandas 3.1.1: records by (file, time, parameter). */
const counted = {
  a: {
    stays: 4000,
    first: "132539",
    deaths: 554,
    read: 1753980,
    steps: 295354,
    longest: 202,
    observed: 1730236,
    known: 17777,
    unknown: 2223,
    without: ["140501", "140936", "141264"],
    heartRates: 228538,
    heartRate: 87.51744217591822,
  },
  b: {
    stays: 4000,
    first: "142675",
    deaths: 568,
    read: 1758535,
    steps: 295167,
    longest: 185,
    observed: 1734574,
    known: 17718,
    unknown: 2282,
    without: ["142731", "142998", "143656", "145611", "147514", "150309", "150649"],
    heartRates: 228606,
    heartRate: 87.53770067277325,
  },
};

describe.each(["a", "b"] as const)("set %s, where SLUICE_DATA names a data folder", (set) => {
  test("has what pandas counts", async ({ skip }) => {
    skip(folder === undefined, "SLUICE_DATA names no data folder");
    skip(set === "b" && !inject("long"), "set B is read by npm run test:long");
    const { observations, y, account, provenance } = await sets[set]();
    const { ids, times, values, mask, offsets, statics } = observations;
    const lengths = ids.map((_, row) => offsets.data[row + 1]! - offsets.data[row]!);
    const hr = measured.findIndex(({ name }) => name === "HR");
    const rates = [...values.data].filter((_, at) => at % 37 === hr && mask.data[at] === 1);
    expect({
      stays: ids.length,
      first: ids[0],
      deaths: [...valuesOf(y)].reduce((sum, died) => sum + died, 0),
      read: account.read,
      steps: times.data.length,
      longest: Math.max(...lengths),
      observed: observedCount(observations),
      known: [...statics.mask.data].reduce((sum, known) => sum + known, 0),
      unknown: account.unknown,
      without: [...account.withoutMeasurements],
      heartRates: rates.length,
      heartRate: rates.reduce((sum, rate) => sum + rate, 0) / rates.length,
    }).toEqual({ ...counted[set], heartRate: expect.closeTo(counted[set].heartRate, 9) });
    expect(account.read).toBe(account.kept + account.repeated + account.unknown + account.problems.length);
    expect(Object.keys(provenance.files)).toHaveLength(2);
  });
});

describe("examples of set A, where SLUICE_DATA names a data folder", () => {
  test("are scaled by the rows for training alone", async ({ skip }) => {
    skip(folder === undefined, "SLUICE_DATA names no data folder");
    const stays = await sets.a();
    const whole = stratifiedSplit(stays.y, { key: key(1), validation: 0.1 });
    // Each part has deaths in the same share.
    const deaths = (rows: Int32Array): number => sum(rows.map((row) => valuesOf(stays.y)[row] ?? NaN));
    expect([whole.train, whole.validation, whole.test].map((rows) => [rows.length, deaths(rows)])).toEqual([
      [2800, 388],
      [400, 55],
      [800, 111],
    ]);
    const few = (rows: Int32Array): Int32Array => (inject("long") ? rows : rows.subarray(0, rows.length / 8));
    const split = { train: few(whole.train), validation: few(whole.validation), test: few(whole.test) };
    const data = physionet2012Examples(stays, split);
    expect(data.scaler).toEqual(fitScaler(takeRows(stays.observations, split.train)));
    expect([data.train.x.shape, data.validation.x.shape, data.test.delta.shape]).toEqual(
      [split.train, split.validation, split.test].map((rows) => [rows.length, 202, 37]),
    );
    expect([...valuesOf(data.train.y)]).toEqual(Array.from(split.train, (row) => valuesOf(stays.y)[row]));
    const { center, spread } = data.scaler.variables[heartRate]!;
    const first = data.test.y.shape[0]! - 1;
    const { values, mask, offsets } = takeRows(stays.observations, [split.test[first]!]);
    const [x, seen] = [valuesOf(data.test.x), valuesOf(data.test.mask)];
    for (let step = 0; step < 202; step++) {
      const [at, own] = [(first * 202 + step) * 37 + heartRate, step * 37 + heartRate];
      const isSeen = step < offsets.data[1]! && mask.data[own] === 1;
      expect(seen[at]).toBe(Number(isSeen));
      expect(x[at]).toBe(isSeen ? Math.fround((values.data[own]! - center) / spread) : 0);
    }
  });

  test("come on a grid of hours, in which nothing is left out", async ({ skip }) => {
    skip(folder === undefined, "SLUICE_DATA names no data folder");
    skip(!inject("long"), "set A is read on a grid by npm run test:long");
    const [stays, hourly] = [await sets.a(), await physionet2012({ set: "a", view: "hourly" })];
    expect(new Set(lengthsOf(eventTime(hourly.observations)).data)).toEqual(new Set([49]));
    // Each hour with a heart rate has one.
    const hours = new Set<number>();
    const { times, offsets, mask } = stays.observations;
    for (let row = 0; row < 4000; row++)
      for (let step = offsets.data[row]!; step < offsets.data[row + 1]!; step++)
        if (mask.data[37 * step + heartRate] === 1) hours.add(49 * row + Math.floor(times.data[step]!));
    const grid = hourly.observations.mask.data;
    for (let hour = 0; hour < 4000 * 49; hour++)
      if ((grid[37 * hour + heartRate] === 1) !== hours.has(hour)) throw new Error(`hour ${hour}`);
    expect(hours.size).toBeGreaterThan(100_000);
  });

  test("are in one split only", async ({ skip }) => {
    skip(folder === undefined, "SLUICE_DATA names no data folder");
    const stays = await sets.a();
    const rows = (...list: number[]): Int32Array => Int32Array.from(list);
    const split = (train: Int32Array, test: Int32Array) => ({ train, validation: rows(), test });
    expect(() => physionet2012Examples(stays, split(rows(1, 2), rows(2)))).toThrow("row 2 is in the splits twice");
    expect(() => physionet2012Examples(stays, split(rows(1, 4000), rows(2)))).toThrow("rows from 0 to 3999, got 4000");
    expect(() => physionet2012Examples(stays, split(rows(), rows(2)))).toThrow("no rows for training");
  });
});

describe("examples in event time as a data set, where SLUICE_DATA names a data folder", () => {
  const each = (...shape: number[]) => ({ shape, dtype: "f32" }) as const;
  /** The first 160 stays, among which each has measurements. */
  const make = async () => {
    const { observations, y, ...rest } = await sets.a();
    const rows = Array.from({ length: 160 }, (_, row) => row);
    const some = {
      ...rest,
      observations: takeRows(observations, rows),
      y: tensor(Int32Array.from(valuesOf(y).subarray(0, 160))),
    };
    return physionet2012Examples(some, stratifiedSplit(some.y, { key: key(1), validation: 0.1 }));
  };
  const steps = 147;
  const laws = datasetSuite(make, {
    tensors: {
      x: each(steps, 37),
      lengths: { shape: [], dtype: "i32" },
      mask: { shape: [steps, 37], dtype: "bool" },
      delta: each(steps, 37),
      elapsed: each(steps, 1),
      statics: each(5),
      y: { shape: [], dtype: "i32" },
    },
    examples: 160,
  });
  for (const { name, skip: reason, run } of laws)
    test(name, async ({ skip }) => {
      skip(folder === undefined, "SLUICE_DATA names no data folder");
      skip(reason !== undefined, reason);
      await run();
    });
});

const heartRate = measured.findIndex(({ name }) => name === "HR");
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);
