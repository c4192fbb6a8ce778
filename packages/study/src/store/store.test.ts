import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { readAllSeries, writeSeries } from "./artifact.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { lockHolder, takeLock } from "./lock.ts";
import { metricWriter, readMetrics, rewindMetrics } from "./metrics.ts";
import { summarise } from "./result.ts";
import { writeAtomically, writeError } from "./write.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-store-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(scratch, "case-"));
});

describe("metrics.jsonl", () => {
  test("holds every row in order, NaN and infinity included", async () => {
    const path = join(folder, "metrics.jsonl");
    const writer = metricWriter(path, 0);
    const rows = [{ step: 1, loss: 0.1 + 0.2 }, { step: 2, loss: Number.NaN }, { step: 3, loss: Number.NEGATIVE_INFINITY }];
    for (const row of rows) writer.add(row);
    expect(await writer.flush()).toBe(readFileSync(path).length);
    expect(readMetrics(path)).toEqual(rows);
    expect(readMetrics(join(folder, "none"))).toEqual([]);
  });

  test("takes numbers only, and stores nothing else as one", async () => {
    const path = join(folder, "metrics.jsonl");
    const writer = metricWriter(path, 0);
    // As a trial in plain JavaScript may call it: types do not stop it there.
    const given = (row: object) => () => Reflect.apply(writer.add, writer, [row]);
    expect(given({ step: 3, loss: undefined })).toThrow('metric: "loss" is undefined, expected a number, in the row { step: 3, loss: undefined }; leave out what has no value');
    expect(given({ step: 3, loss: "0.5" })).toThrow('"loss" is 0.5, expected a number');
    expect(given({ loss: 1 })).toThrow("metric: step is undefined");
    expect(await writer.flush()).toBe(0);
  });

  test("is read without a torn last line, and never with another bad one", () => {
    const path = join(folder, "metrics.jsonl");
    writeFileSync(path, '{"step":1}\n{"step":2}\n{"ste');
    expect(readMetrics(path)).toEqual([{ step: 1 }, { step: 2 }]);
    writeFileSync(path, '{"step":1}\n{"ste\n{"step":3}\n');
    expect(() => readMetrics(path)).toThrow(`${path}, line 2`);
  });

  test("is rewound to a checkpoint, or to its last whole line when it is shorter", () => {
    const path = join(folder, "metrics.jsonl");
    writeFileSync(path, '{"step":1}\n{"step":2}\n{"ste');
    expect(rewindMetrics(path, 11)).toBe(11);
    expect(readFileSync(path, "utf8")).toBe('{"step":1}\n');
    appendFileSync(path, '{"st');
    expect(rewindMetrics(path, 99)).toBe(11);
    expect(readFileSync(path, "utf8")).toBe('{"step":1}\n');
    expect(rewindMetrics(join(folder, "none"), 0)).toBe(0);
  });

  test.runIf(process.platform === "linux")("says that the disk is full", async () => {
    const path = join(folder, "metrics.jsonl");
    symlinkSync("/dev/full", path);
    const writer = metricWriter(path, 0);
    writer.add({ step: 1 });
    await expect(writer.flush()).rejects.toThrow("the disk is full");
    expect(() => writer.add({ step: 2 })).toThrow(path);
  });
});

describe("a file that cannot be written", () => {
  test("names the path, the reason and the way on", () => {
    const error = (code: string): Error => writeError("/runs/x", Object.assign(new Error("low-level"), { code }));
    expect(error("EROFS").message).toBe("cannot write /runs/x: the file system is read-only: choose another folder with --out");
    expect(error("ENOSPC").message).toContain("goes on from the last checkpoint");
    writeFileSync(join(folder, "file"), "");
    expect(() => writeAtomically(join(folder, "file/below"), "x")).toThrow("cannot write");
  });

  test("keeps its old content, and leaves no draft", () => {
    mkdirSync(join(folder, "target/full"), { recursive: true });
    expect(() => writeAtomically(join(folder, "target"), "x")).toThrow();
    expect(readdirSync(folder)).toEqual(["target"]);
  });
});

describe("checkpoints", () => {
  const checkpoint = (step: number) => ({ step, bytes: Uint8Array.of(step, 2, 3), state: { at: step }, metricsBytes: 10 * step, seconds: step });

  test("the last one is kept", () => {
    writeCheckpoint(folder, checkpoint(5));
    writeCheckpoint(folder, checkpoint(10));
    expect(readdirSync(folder)).toHaveLength(2);
    expect(readCheckpoint(folder)).toEqual({ checkpoint: checkpoint(10), skipped: [] });
    expect(readCheckpoint(join(folder, "none"))).toEqual({ checkpoint: null, skipped: [] });
  });

  test("one whose writing was cut off does not exist; a damaged one is passed over and named", () => {
    writeCheckpoint(folder, checkpoint(5));
    writeFileSync(join(folder, "000000010.bin"), "half");
    expect(readCheckpoint(folder).checkpoint?.step).toBe(5);
    writeFileSync(join(folder, "000000010.json"), readFileSync(join(folder, "000000005.json")));
    const read = readCheckpoint(folder);
    expect(read.checkpoint?.step).toBe(5);
    expect(read.skipped).toEqual([join(folder, "000000010.json")]);
  });
});

test("lines of a series that are given later join the earlier ones", () => {
  const series = { title: "T", x: { label: "t", values: [1, 2] }, y: { label: "g", log: true } };
  writeSeries(folder, "gradient", { ...series, lines: { start: Float32Array.of(1, 2) } });
  writeSeries(folder, "gradient", { ...series, lines: { end: [3, Number.NaN] } });
  expect(readAllSeries(folder)).toEqual([{ name: "gradient", ...series, lines: { start: [1, 2], end: [3, Number.NaN] } }]);
  expect(() => writeSeries(folder, "x", { ...series, lines: { a: [1] } })).toThrow('series "x", line "a": 1 points for 2 values of x');
  expect(() => writeSeries(folder, "../x", { ...series, lines: {} })).toThrow("file name");
});

test("a lock is held by a living process only", () => {
  const path = join(folder, "lock.json");
  takeLock(path);
  expect(lockHolder(path)).toBeNull();
  const lock = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...lock, pid: process.ppid }));
  expect(lockHolder(path)?.pid).toBe(process.ppid);
  writeFileSync(path, JSON.stringify({ ...lock, pid: 2 ** 30 }));
  expect(lockHolder(path)).toBeNull();
});

test("summaries: last, best and tail mean; given values first; what is missing or not finite is said", () => {
  const metric = { label: "M", better: "higher" } as const;
  const rows = [0.5, 0.9, 0.7].map((m, index) => ({ step: index + 1, m }));
  const value = (extra: object): number | null | undefined => summarise({ m: { ...metric, ...extra } }, rows, {}).values["m"];
  expect(value({})).toBe(0.7);
  expect(value({ summarise: "best" })).toBe(0.9);
  expect(value({ summarise: "best", better: "lower" })).toBe(0.5);
  expect(value({ summarise: "tail mean" })).toBe(0.7);
  expect(summarise({ m: metric }, rows, { metrics: { m: 1 } }).values).toEqual({ m: 1 });
  expect(summarise({ m: metric }, rows, { metrics: { m: null } })).toEqual({ values: { m: null }, warnings: [], notFinite: null });
  expect(summarise({ other: metric }, rows, {}).warnings[0]).toContain('no value for the metric "other"');
  expect(summarise({ m: metric }, [...rows, { step: 4, m: Number.NaN }], {}).notFinite).toEqual({ step: 4, tensor: "m" });
});
