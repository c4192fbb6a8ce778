import { createHash } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { readAllSeries, seriesWriter } from "./artifact.ts";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { fileKeeper, readKept } from "./kept-files.ts";
import {
  metricWriter,
  NO_METRICS,
  readMetrics,
  readSealedMetrics,
  rewindMetrics,
  type MetricWriter,
} from "./metrics.ts";
import { readSealed, writeSealed } from "./seal.ts";
import { isStoreFailure } from "@sluice/study";
import { writeAtomically, writeError } from "./write.ts";

const scratch = mkdtempSync(join(tmpdir(), "sluice-store-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(scratch, "case-"));
});

function freshWriter(path: string): MetricWriter {
  const start = rewindMetrics(path, NO_METRICS);
  if (start === null) throw new Error("an empty beginning is always there");
  return metricWriter(path, start);
}

describe("metrics.jsonl", () => {
  const rows = [
    { step: 1, loss: 0.1 + 0.2 },
    { step: 2, loss: Number.NaN },
    { step: 3, loss: Number.NEGATIVE_INFINITY },
  ];

  test("holds every row in order, NaN and infinity included, and is sealed by its length and SHA-256", async () => {
    const path = join(folder, "metrics.jsonl");
    const writer = freshWriter(path);
    for (const row of rows) writer.add(row);
    const seal = await writer.flush();
    expect(seal).toEqual({
      bytes: readFileSync(path).length,
      sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
    });
    expect(readMetrics(path)).toEqual(rows);
    expect(readSealedMetrics(path, seal)).toEqual(rows);
    expect(readMetrics(join(folder, "none"))).toEqual([]);
    writer.add({ step: 4 });
    const later = await writer.flush();
    await writer.close();
    expect(readSealedMetrics(path, seal)).toEqual(rows);
    expect(readSealedMetrics(path, later)).toEqual([...rows, { step: 4 }]);
  });

  test("takes numbers only, and stores nothing else as one", async () => {
    const path = join(folder, "metrics.jsonl");
    const writer = freshWriter(path);
    // As a trial in plain JavaScript may call it: types do not stop it there.
    const given = (row: object) => () => Reflect.apply(writer.add, writer, [row]);
    expect(given({ step: 3, loss: undefined })).toThrow(
      'metric: "loss" is undefined, expected a number, in the row { step: 3, loss: undefined }; leave out what has no value',
    );
    expect(given({ step: 3, loss: "0.5" })).toThrow('"loss" is 0.5, expected a number');
    expect(given({ loss: 1 })).toThrow("metric: step is undefined");
    expect(await writer.flush()).toEqual(NO_METRICS);
  });

  test("is read without a torn last line, and never with another bad one", () => {
    const path = join(folder, "metrics.jsonl");
    writeFileSync(path, '{"step":1}\n{"step":2}\n{"ste');
    expect(readMetrics(path)).toEqual([{ step: 1 }, { step: 2 }]);
    writeFileSync(path, '{"step":1}\n{"ste\n{"step":3}\n');
    expect(() => readMetrics(path)).toThrow(`${path}, line 2`);
  });

  test("is rewound to what was sealed, and goes on from there; a file that is shorter, or another one, is refused", async () => {
    const path = join(folder, "metrics.jsonl");
    const writer = freshWriter(path);
    for (const row of rows) writer.add(row);
    const seal = await writer.flush();
    await writer.close();
    const content = readFileSync(path);
    appendFileSync(path, '{"step":4}\n{"st');
    const start = rewindMetrics(path, seal);
    expect(readFileSync(path)).toEqual(content);
    const next = metricWriter(path, start ?? { bytes: 0, hash: createHash("sha256") });
    next.add({ step: 4 });
    expect(readSealedMetrics(path, await next.flush())).toEqual([...rows, { step: 4 }]);
    await next.close();

    writeFileSync(path, content.subarray(0, content.length - 1));
    expect(rewindMetrics(path, seal)).toBeNull();
    expect(() => readSealedMetrics(path, seal)).toThrow(`${path}: damaged`);
    writeFileSync(path, content.toString().replace("30000000000000004", "30000000000000005"));
    expect(rewindMetrics(path, seal)).toBeNull();
    rmSync(path);
    expect(rewindMetrics(path, seal)).toBeNull();
    expect(rewindMetrics(path, NO_METRICS)?.bytes).toBe(0);
  });

  test.runIf(process.platform === "linux")("says that the disk is full", async () => {
    const path = join(folder, "metrics.jsonl");
    symlinkSync("/dev/full", path);
    const writer = metricWriter(path, { bytes: 0, hash: createHash("sha256") });
    writer.add({ step: 1 });
    await expect(writer.flush()).rejects.toThrow("the disk is full");
    expect(() => writer.add({ step: 2 })).toThrow(path);
    expect(writer.written()).toEqual(NO_METRICS);
    await writer.close();
  });
});

describe("a sealed file", () => {
  test("is read as it was written, undefined members left out", () => {
    const path = join(folder, "a.json");
    const seal = writeSealed(path, "result", { b: [1, 0.1, null], a: "x", c: undefined });
    expect(readSealed(path, "result")).toEqual({ content: { b: [1, 0.1, null], a: "x" }, seal });
  });

  test("says what is wrong with it, and how to go on", () => {
    const path = join(folder, "a.json");
    expect(() => readSealed(path, "result", "Go on.")).toThrow(`${path}: the file is missing. Go on.`);
    writeSealed(path, "result", { a: 1 });
    expect(() => readSealed(path, "study")).toThrow("its content does not match its seal");
    writeFileSync(path, readFileSync(path, "utf8").replace('"a": 1', '"a": 3'));
    expect(() => readSealed(path, "result")).toThrow(`${path}: damaged: its content does not match its seal`);
    writeFileSync(path, '{ "a": 1 }');
    expect(() => readSealed(path, "result")).toThrow("it has no seal");
    writeFileSync(path, "{");
    expect(() => readSealed(path, "result")).toThrow("not JSON");
  });
});

describe("a file that cannot be written", () => {
  test("names the path, the reason and the way on", () => {
    const error = (code: string): Error => writeError("/runs/x", Object.assign(new Error("low-level"), { code }));
    expect(error("EROFS").message).toBe(
      "cannot write /runs/x: the file system is read-only: choose another folder with --out",
    );
    expect(error("ENOSPC").message).toContain("run the same command again; it resumes from the last checkpoint");
    expect([error("ENOSPC"), new Error("x")].map(isStoreFailure)).toEqual([true, false]);
    writeFileSync(join(folder, "file"), "");
    expect(() => writeAtomically(join(folder, "file/below"), "x")).toThrow("cannot write");
  });

  test("keeps its old content, and leaves no draft", () => {
    mkdirSync(join(folder, "target/full"), { recursive: true });
    expect(() => writeAtomically(join(folder, "target"), "x")).toThrow();
    expect(readdirSync(folder)).toEqual(["target"]);
  });
});

describe("files that a trial keeps", () => {
  test("go on with those of the checkpoint; damage and names that are no file names are refused", () => {
    const kept = fileKeeper(folder, {});
    kept?.write("a.bin", Uint8Array.of(1));
    const checkpoint = kept?.hashes() ?? {};
    kept?.write("later.bin", Uint8Array.of(2));
    expect(() => kept?.write("a.bin", Uint8Array.of(3))).toThrow('file: "a.bin" is written already');
    expect(() => kept?.write("../a.bin", Uint8Array.of(3))).toThrow("becomes a file name");
    expect(fileKeeper(folder, checkpoint)?.hashes()).toEqual(checkpoint);
    expect(readdirSync(folder)).toEqual(["a.bin"]);
    expect(readKept(folder, "a.bin", checkpoint["a.bin"] ?? "")).toEqual(Uint8Array.of(1));
    writeFileSync(join(folder, "a.bin"), Uint8Array.of(4));
    expect(() => readKept(folder, "a.bin", checkpoint["a.bin"] ?? "")).toThrow("damaged");
    expect(fileKeeper(folder, checkpoint)).toBeNull();
    expect(fileKeeper(folder, { "gone.bin": "x" })).toBeNull();
  });
});

describe("checkpoints", () => {
  const checkpoint = (step: number) => ({
    trial: "id",
    step,
    bytes: Uint8Array.of(step, 2, 3),
    state: { at: step },
    metrics: { bytes: 10 * step, sha256: "x" },
    series: { s: ["a"] },
    files: { "a.bin": "x" },
    seconds: step,
  });

  test("the last one is kept", () => {
    writeCheckpoint(folder, checkpoint(5));
    writeCheckpoint(folder, checkpoint(10));
    expect(readdirSync(folder)).toHaveLength(2);
    expect(readCheckpoint(folder, "id")).toEqual({ checkpoint: checkpoint(10), skipped: [] });
    expect(readCheckpoint(join(folder, "none"), "id")).toEqual({ checkpoint: null, skipped: [] });
  });

  test("one whose writing was cut off does not exist; a damaged one is passed over and named", () => {
    writeCheckpoint(folder, checkpoint(5));
    writeFileSync(join(folder, "000000010.bin"), "half");
    expect(readCheckpoint(folder, "id").checkpoint?.step).toBe(5);
    writeFileSync(join(folder, "000000010.json"), readFileSync(join(folder, "000000005.json")));
    const read = readCheckpoint(folder, "id");
    expect(read.checkpoint?.step).toBe(5);
    expect(read.skipped).toEqual([expect.stringContaining(`${join(folder, "000000010.bin")}: damaged`)]);
  });

  test("one with a changed state, or of another trial, is passed over", () => {
    writeCheckpoint(folder, checkpoint(5));
    expect(readCheckpoint(folder, "other")).toEqual({
      checkpoint: null,
      skipped: [expect.stringContaining("another trial")],
    });
    const path = join(folder, "000000005.json");
    writeFileSync(path, readFileSync(path, "utf8").replace('"at": 5', '"at": 7'));
    expect(readCheckpoint(folder, "id")).toEqual({
      checkpoint: null,
      skipped: [expect.stringContaining(`${path}: damaged`)],
    });
  });
});

test("lines of a series that are given later join the earlier ones, also in a later session", () => {
  const series = { title: "T", x: { label: "t", values: [1, 2] }, y: { label: "g", log: true } };
  const first = seriesWriter(folder, "id", {});
  first?.write("gradient", { ...series, lines: { start: Float32Array.of(1, 2) } });
  const remembered = first?.lines() ?? {};
  expect(remembered).toEqual({ gradient: ["start"] });
  first?.write("late", { ...series, lines: {} });
  const second = seriesWriter(folder, "id", remembered);
  expect(readdirSync(folder)).toEqual(["gradient.json"]);
  second?.write("gradient", { ...series, lines: { end: [3, Number.NaN] } });
  const stored = [{ name: "gradient", ...series, lines: { start: [1, 2], end: [3, Number.NaN] } }];
  expect(readAllSeries(folder, "id", ["gradient"], second?.seals())).toEqual({ series: stored, problems: [] });
  expect(readAllSeries(folder, "id", ["gradient"], { gradient: "another" }).problems).toEqual([
    expect.stringContaining("gradient.json"),
  ]);
  expect(readAllSeries(folder, "other", ["gradient", "gone"]).problems).toEqual([
    expect.stringContaining("gone.json: the file is missing"),
    expect.stringContaining("another trial"),
  ]);
  expect(() => second?.write("x", { ...series, lines: { a: [1] } })).toThrow(
    'series "x", line "a": 1 points for 2 values of x',
  );
  expect(() => second?.write("../x", { ...series, lines: {} })).toThrow("file name");
  expect(seriesWriter(folder, "id", { gradient: ["start", "lost"] })).toBeNull();
  expect(seriesWriter(folder, "id", { gone: [] })).toBeNull();
});
