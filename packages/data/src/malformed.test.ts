/**
 * A hundred damaged files of each format. Each is an error that names the file and the place, or it is read and every
 * number of the result stands in the damaged file.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fromCsv, fromCsvStream, fromJsonLines, type FromRecords, type TableOptions } from "@sluice/irregular";
import { TensorError } from "@sluice/tensor";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readNamed, readUnpacked } from "./files.ts";
import { DataError, parseIdx, parseMosi, parsePianoRolls, parseUea, parseWav } from "./index.ts";
import { parseOutcomes } from "./physionet2012/outcomes.ts";
import { readStay } from "./physionet2012/stay.ts";
import { parseTable } from "./survival/table.ts";
import { damagedBytes, damagedText } from "./testing/damage.ts";

const file = "toy.txt";
const origin = { set: "toy", file, obtain: "Get it there." };
const numRuns = 100;

/** The numbers that stand in a text: its parts between these delimiters that are decimal numbers. */
const numbersOf = (text: string, delimiters: RegExp): ReadonlySet<number> =>
  new Set(
    text
      .split(delimiters)
      .map((part) => part.trim())
      .filter((part) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(part))
      .map((part) => Number(part) + 0),
  );

/** What a format reads: its numbers, after whatever else must hold of it. */
type Read = (text: string) => readonly number[] | Promise<readonly number[]>;

/** Tries a damaged file. Returns whether it was read. */
async function tried(read: Read, text: string, delimiters: RegExp, place: RegExp): Promise<boolean> {
  let numbers: readonly number[];
  try {
    numbers = await read(text);
  } catch (error) {
    if (!(error instanceof DataError || error instanceof TensorError)) throw error;
    expect(error.message).toContain(file);
    expect(error.message).toMatch(place);
    return false;
  }
  const there = numbersOf(text, delimiters);
  for (const number of numbers) if (!there.has(number + 0)) expect([...there]).toContain(number);
  return true;
}

/** A hundred damaged files, of which some must be errors. */
async function hundred(good: string, read: Read, delimiters: RegExp, place = /line \d+/): Promise<void> {
  expect(await tried(read, good, delimiters, place)).toBe(true);
  let errors = 0;
  await fc.assert(
    fc.asyncProperty(damagedText(good), async (text) => {
      if (!(await tried(read, text, delimiters, place))) errors++;
    }),
    { numRuns },
  );
  expect(errors).toBeGreaterThan(0);
}

/** The numbers of a data set, after the account of its records is checked. */
function observed({ observations: { times, values, mask, statics }, report }: FromRecords, text: string): number[] {
  expect(report.read).toBe(report.kept + report.empty + report.repeated + report.problems.length);
  const lines = text.split(/\r\n|\n|\r/).length;
  for (const { line } of report.problems) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines);
  }
  const known = [values, mask, statics.values, statics.mask].map(({ data }) => [...data]);
  const [observedValues = [], seen = [], fixed = [], given = []] = known;
  return [...times.data, ...observedValues.filter((_, i) => seen[i] === 1), ...fixed.filter((_, i) => given[i] === 1)];
}

describe("tables", () => {
  // A fault of the header names the column; everything else names a line.
  const header =
    /line \d+|no column is called|column \d+ has no heading|two columns are called|the text is empty|says that times/;
  const options: TableOptions = { layout: "wide", time: { unit: "hours", format: "number" }, file, sameTime: "first" };
  const cells = /[,\n\r"]/;
  const wide = "id,age,time [h],x [bpm],y\na,61,0,80,1.5\na,61,1.5,-82.25,\nb,47,30,2e3,7\nb,47,95,,\n";
  const long = "id,time,variable,value,unit\na,0,x,80,bpm\na,1,y,1.5,kg\nb,0,x,81,bpm\nb,2.5,age,47,years\n";

  test("CSV, wide", () =>
    hundred(wide, (text) => observed(fromCsv(text, { ...options, statics: ["age"] }), text), cells, header));
  test("CSV, long, with units", () =>
    hundred(long, (text) => observed(fromCsv(text, { ...options, layout: "long" }), text), cells, header));
  test("CSV, as a stream of bytes", () =>
    hundred(
      long,
      async (text) => {
        const bytes = new TextEncoder().encode(text);
        const parts = [bytes.subarray(0, 7), bytes.subarray(7, 50), bytes.subarray(50)];
        return observed(await fromCsvStream(parts, { ...options, layout: "long" }), text);
      },
      cells,
      header,
    ));
  test("CSV, where the format of times is not given", () =>
    hundred(
      wide.replace(" [h]", ""),
      (text) => {
        const result = fromCsv(text, { ...options, time: { unit: "hours" } });
        // Times of another format are other numbers; they are tested with the format.
        return result.report.time.format === "number" ? observed(result, text) : [];
      },
      cells,
      header,
    ));

  const json = [
    '{"id":"a","age":61,"time":0,"x":80,"y":1.5}',
    '{"id":"a","age":61,"time":1.5,"x":-82.25,"y":null}',
    '{"id":"b","age":47,"time":30,"x":2e3}',
    "",
  ].join("\n");
  test("JSON lines", () =>
    hundred(
      json,
      (text) => observed(fromJsonLines(text, { ...options, statics: ["age"] }), text),
      /[\s,:[\]{}"]/,
      header,
    ));

  test("tables of survival data", () =>
    hundred(
      "id,value,kind\n1,-2.5e1,a\n2,,b\n3,7,a\n",
      (text) => {
        const { id, value } = parseTable(text, { id: "integer", value: "number?", kind: ["a", "b"] }, origin);
        return [...id, ...value].filter((number) => !Number.isNaN(number));
      },
      cells,
    ));
});

describe("PhysioNet 2012", () => {
  const stay = [
    "Time,Parameter,Value",
    "00:00,RecordID,132539",
    "00:00,Age,54",
    "00:00,Gender,0",
    "00:00,Weight,-1",
    "00:07,HR,73",
    "01:07,HR,75.5",
    "47:37,Weight,80.5",
    "48:00,Temp,35.1",
    "",
  ].join("\n");
  test("stays", () =>
    hundred(
      stay,
      (text) => {
        const { wrong, ...result } = readStay("132539", text, "first");
        if (wrong !== undefined) throw new DataError({ ...origin, wrong });
        const clocks = text.split(/[,\n\r]/).flatMap((part) => {
          const [, hours, minutes] = /^(\d{1,5}):([0-5]\d)(?::[0-5]\d)?$/.exec(part.trim()) ?? [];
          return hours === undefined ? [] : [(60 * Number(hours) + Number(minutes)) / 60];
        });
        const times = [...result.observations.times.data];
        for (const time of times) expect(clocks.some((clock) => Math.abs(clock - time) < 1e-9)).toBe(true);
        return observed(result, text).slice(times.length);
      },
      /[,\n\r]/,
      /its header is|it names/,
    ));
  test("outcomes", () =>
    hundred(
      "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death\n132539,6,1,5,-1,0\n132540,16,8,8,-1,0\n132541,21,11,19,4,1\n",
      (text) => parseOutcomes(text, origin).flatMap(({ id, died }) => [Number(id), died]),
      /[,\n\r"]/,
    ));
});

describe("JSON", () => {
  const tokens = /[\s,:[\]{}"]/;
  const utterance = (clip: string, number: number): string =>
    JSON.stringify({
      clip,
      utterance: number,
      transcript: "GOOD",
      positive: number % 2,
      text: Array.from({ length: 100 }, (_, i) => i / 4 - number),
      audio: Array.from({ length: 73 }, (_, i) => -i / 8),
      video: Array.from({ length: 100 }, (_, i) => 1000 * i),
    });
  test("lines of MOSI", () =>
    hundred(
      `${[utterance("c", 1), utterance("c", 2), utterance("d", 1)].join("\n")}\n`,
      (text) => {
        const there = new Set([...numbersOf(text, tokens)].map(Math.fround));
        const read = parseMosi(text, origin).flatMap(({ utterances }) =>
          utterances.flatMap(({ text: words, audio, video }) => [...words, ...audio, ...video]),
        );
        // Features are rounded to f32.
        expect(read.filter((number) => !there.has(number + 0))).toEqual([]);
        return [];
      },
      tokens,
    ));
  test("piano rolls", () =>
    hundred(
      '{"train":[[[0,87],[]],\n[[3],[4,5],[6]]],\n"valid":[],"test":[[[1],[2],[3,4]]]}\n',
      (text) => Object.values(parsePianoRolls(text, origin)).flat(3) as number[],
      tokens,
      /not JSON \([^]+\)|(train|valid|test)(, piece \d+)?(, step \d+)?: |expected an object with|unknown split/,
    ));
});

describe("the .ts files of UEA", () => {
  const tags = "@problemName toy\n@timeStamps false\n@missing true\n@univariate false\n@dimensions 2\n";
  const numbers = (text: string): number[] =>
    parseUea(text, origin).series.flatMap(({ channels, times = [], target }) =>
      [...channels, ...times].flatMap((values) => [...values]).concat(target ?? []),
    );
  const known: Read = (text) => numbers(text).filter((number) => !Number.isNaN(number));
  const parts = /[,:\s()]/;
  test("of equal length, with classes", () =>
    hundred(
      `${tags}@equalLength true\n@seriesLength 3\n@classLabel true up down\n@data\n1,2,-3.5:4,?,6:up\n7,8,9:10,11,12e1:down\n`,
      known,
      parts,
    ));
  test("of any length, to predict a number", () =>
    hundred(`${tags}@equalLength false\n@targetLabel true\n@data\n1,2,-3.5:4,?,6:0.5\n7,8:10,11:-2\n`, known, parts));
  test("with time stamps", () =>
    hundred(
      "@problemName toy\n@timeStamps true\n@classLabel true a b\n@data\n(0,1.5),(2,1.75):(1,3):a\n(0,-1),(0.5,?):(4,8),(9,7):b\n",
      known,
      parts,
    ));
});

describe("bytes", () => {
  /** A hundred damaged files. `read` returns bytes that must stand in the file as they are. */
  async function hundredBytes(
    good: Uint8Array,
    read: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>,
    place = /byte \d+/,
  ): Promise<void> {
    expect((await read(good)).length).toBeGreaterThan(0);
    let errors = 0;
    await fc.assert(
      fc.asyncProperty(damagedBytes(good), async (bytes) => {
        let found: Uint8Array;
        try {
          found = await read(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
          expect(String(error)).toContain(file);
          expect(String(error)).toMatch(place);
          errors++;
          return;
        }
        expect(Buffer.from(bytes).includes(Buffer.from(found))).toBe(true);
      }),
      { numRuns },
    );
    expect(errors).toBeGreaterThan(0);
  }

  const images = Uint8Array.from([
    0,
    0,
    8,
    3,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    3,
    0,
    0,
    0,
    5,
    ...Array.from({ length: 30 }, (_, i) => 7 * i),
  ]);
  const idx = (bytes: Uint8Array): Uint8Array => {
    const { shape, values } = parseIdx(bytes, origin);
    expect(shape.reduce((product, length) => product * length, 1)).toBe(values.length);
    expect(bytes.length).toBe(4 + 4 * shape.length + values.length);
    return values;
  };
  test("IDX", () => hundredBytes(images, idx));

  describe("in files", () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "sluice-malformed-"));
    });
    afterAll(() => rm(folder, { recursive: true }));
    test("IDX, packed with gzip", () =>
      hundredBytes(
        new Uint8Array(gzipSync(images)),
        async (bytes) => {
          const path = join(folder, "toy.gz");
          await writeFile(path, bytes);
          const found = idx(await readNamed("toy", file, origin.obtain, () => readUnpacked(path)));
          // The whole of the good file, or nothing.
          expect(found).toEqual(images.subarray(16));
          return found.length === 0 ? found : bytes.subarray(0, 1);
        },
        /not a whole gzip file|byte \d+/,
      ));
  });

  test("WAV", () => {
    const sound = Buffer.alloc(44 + 40);
    sound.write("RIFF", 0, "latin1");
    sound.writeUInt32LE(sound.length - 8, 4);
    sound.write("WAVEfmt ", 8, "latin1");
    [16, 0, 1 + 65_536, 0, 8000, 0, 16_000, 0].forEach(
      (value, i) => i % 2 === 0 && sound.writeUInt32LE(value, 16 + 2 * i),
    );
    sound.writeUInt16LE(2, 32);
    sound.writeUInt16LE(16, 34);
    sound.write("data", 36, "latin1");
    sound.writeUInt32LE(40, 40);
    for (let i = 0; i < 20; i++) sound.writeInt16LE(3001 * (i - 10), 44 + 2 * i);
    return hundredBytes(new Uint8Array(sound), (bytes) => {
      const { samples, rate } = parseWav(bytes, origin);
      expect(rate).toBe(Buffer.from(bytes).readUInt32LE(24));
      const back = Buffer.alloc(2 * samples.length);
      samples.forEach((sample, i) => back.writeInt16LE(32_768 * sample, 2 * i));
      return new Uint8Array(back);
    });
  });
});
