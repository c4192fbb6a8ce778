import { readFileSync, truncateSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { systemCode } from "../error.ts";
import type { MetricRow } from "../trial.ts";
import { writeError } from "./write.ts";

/** JSON has no NaN; a row that holds one says so in words. */
type StoredRow = { readonly [name: string]: number | "NaN" | "Infinity" | "-Infinity" };

/** Appends rows to `metrics.jsonl` in the background: adding one only puts text into memory. */
export interface MetricWriter {
  add(row: MetricRow): void;
  /** Waits until everything added is in the file; gives the length of the file in bytes. */
  flush(): Promise<number>;
}

/** @param start length of the file now, in bytes. */
export function metricWriter(path: string, start: number): MetricWriter {
  let pending = "";
  let length = start;
  let writing: Promise<void> | null = null;
  let failure: Error | null = null;

  const drain = async (): Promise<void> => {
    // A turn of the event loop gathers all rows of one burst into a single write.
    await new Promise((turn) => setImmediate(turn));
    while (pending !== "" && failure === null) {
      const text = pending;
      pending = "";
      try {
        await appendFile(path, text);
        length += Buffer.byteLength(text);
      } catch (error) {
        failure = writeError(path, error);
      }
    }
    writing = null;
  };

  return {
    add(row) {
      if (failure !== null) throw failure;
      pending += `${JSON.stringify(toStored(row))}\n`;
      writing ??= drain();
    },
    async flush() {
      while (writing !== null) await writing;
      if (failure !== null) throw failure;
      return length;
    },
  };
}

function toStored(row: MetricRow): StoredRow {
  const stored: { [name: string]: StoredRow[string] } = {};
  if (!Number.isFinite(row.step)) throw new Error(`metric: step is ${String(row.step)}, expected a number, in the row ${describeRow(row)}`);
  for (const [name, value] of Object.entries(row)) {
    if (typeof value !== "number") {
      throw new Error(`metric: "${name}" is ${typeof value === "object" ? "an object" : String(value)}, expected a number, in the row ${describeRow(row)}; leave out what has no value`);
    }
    stored[name] = Number.isFinite(value) ? value : Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  }
  return stored;
}

function describeRow(row: MetricRow): string {
  return `{ ${Object.entries(row).map(([name, value]) => `${name}: ${String(value)}`).join(", ")} }`;
}

/** The rows of a `metrics.jsonl`. A missing file is no rows; a last line cut off by a crash is left out; any other bad line is an error. */
export function readMetrics(path: string): MetricRow[] {
  const lines = read(path).split("\n");
  const torn = lines.pop();
  const rows = lines.flatMap((line, index) => {
    if (line === "") return [];
    const row = parseRow(line);
    if (row === null) throw new Error(`${path}, line ${index + 1}: not a row of metrics: ${line.slice(0, 80)}`);
    return [row];
  });
  const last = torn === undefined || torn === "" ? null : parseRow(torn);
  return last === null ? rows : [...rows, last];
}

/** Cuts the file back to what the checkpoint knew of, `bytes` long, so that a resumed run writes each row once. Gives the new length. */
export function rewindMetrics(path: string, bytes: number): number {
  const text = read(path);
  const buffer = Buffer.from(text);
  const end = buffer.length <= bytes ? buffer.lastIndexOf(10) + 1 : bytes;
  if (end < buffer.length) truncateSync(path, end);
  return Math.min(end, buffer.length);
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "";
    throw error;
  }
}

function parseRow(line: string): MetricRow | null {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return null;
    const row: { [name: string]: number } = {};
    for (const [name, value] of Object.entries(parsed)) {
      if (typeof value !== "number" && value !== "NaN" && value !== "Infinity" && value !== "-Infinity") return null;
      row[name] = Number(value);
    }
    const { step, ...rest } = row;
    return step === undefined ? null : { step, ...rest };
  } catch {
    return null;
  }
}
