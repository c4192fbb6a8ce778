import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync, truncateSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { checkedRow, studyError, systemCode, type MetricRow } from "@sluice/study";
import { sha256 } from "./sha256.ts";
import { writeError } from "./write.ts";

/** JSON has no NaN; rows with NaN store it as a word. */
type StoredRow = { readonly [name: string]: number | "NaN" | "Infinity" | "-Infinity" };

/** The beginning of `metrics.jsonl` on which a checkpoint or a result is based. */
export interface MetricsSeal {
  readonly bytes: number;
  readonly sha256: string;
}

/** Appends rows to `metrics.jsonl` in the background. Adding a row only puts text into memory. */
export interface MetricWriter {
  add(row: MetricRow): void;
  /** Waits until everything added is on the disk, and seals the file. */
  flush(): Promise<MetricsSeal>;
  /** Seals the contents of the file, even after a failed write. */
  written(): MetricsSeal;
  close(): Promise<void>;
}

/**
 * So much text is written at once, or what there is after a second. A write takes about 40 µs of the processor's time,
 * however little it writes; for each row alone, that would be 4 % of a training step of 1 ms.
 */
const ENOUGH = 65_536;
const AT_LATEST_MS = 1000;

/** @param start the current contents of the file. */
export function metricWriter(path: string, start: MetricsStart): MetricWriter {
  const hash = start.hash.copy();
  let pending = "";
  let bytes = start.bytes;
  let file: FileHandle | null = null;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> | null = null;
  let failure: Error | null = null;

  const attempt = async (write: () => Promise<void>): Promise<void> => {
    if (failure !== null) return;
    try {
      await write();
    } catch (error) {
      failure = writeError(path, error);
    }
  };

  const drain = async (): Promise<void> => {
    while (pending !== "" && failure === null) {
      const part = Buffer.from(pending);
      pending = "";
      await attempt(async () => {
        file ??= await open(path, "a");
        await file.appendFile(part);
        hash.update(part);
        bytes += part.length;
      });
    }
    writing = null;
  };

  const write = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    // A turn of the event loop first, so that all rows of a burst become a single write.
    writing ??= new Promise((turn) => setImmediate(turn)).then(drain);
  };

  const writeAll = async (): Promise<void> => {
    write();
    while (writing !== null) await writing;
  };

  const written = (): MetricsSeal => ({ bytes, sha256: hash.copy().digest("hex") });
  return {
    add(row) {
      if (failure !== null) throw failure;
      pending += lineOf(row);
      if (pending.length >= ENOUGH) write();
      else timer ??= setTimeout(write, AT_LATEST_MS).unref();
    },
    async flush() {
      await writeAll();
      await attempt(async () => file?.sync());
      if (failure !== null) throw failure;
      return written();
    },
    written,
    async close() {
      await writeAll();
      await file?.close();
      file = null;
    },
  };
}

function lineOf(given: MetricRow): string {
  const row = checkedRow(given);
  const values = Object.values(row);
  return `${JSON.stringify(values.every(Number.isFinite) ? row : toStored(row))}\n`;
}

function toStored(row: MetricRow): StoredRow {
  const stored: { [name: string]: StoredRow[string] } = {};
  for (const [name, value] of Object.entries(row))
    stored[name] = Number.isFinite(value) ? value : Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
  return stored;
}

/** The sealed rows of a `metrics.jsonl`. Rows written later are ignored. */
export function readSealedMetrics(path: string, seal: MetricsSeal): MetricRow[] {
  const content = sealedPart(path, seal);
  if (content === null) throw notAsSealed(path, seal);
  return rowsOf(content.toString("utf8"), path);
}

/** The sealed rows of a `metrics.jsonl`. All of it is checked at once, but rows are read when they are asked for. */
export function sealedRows(path: string, seal: MetricsSeal): Iterable<MetricRow> {
  checkSealedMetrics(path, seal);
  return {
    *[Symbol.iterator]() {
      const content = sealedPart(path, seal);
      if (content === null) throw notAsSealed(path, seal);
      yield* rowsIn(content.toString("utf8"), path);
    },
  };
}

/** @throws an error if a `metrics.jsonl` does not begin with the sealed rows. They are not kept in memory. */
export function checkSealedMetrics(path: string, seal: MetricsSeal): void {
  const hash = createHash("sha256");
  if (!readPart(path, seal.bytes, (part) => hash.update(part)) || hash.digest("hex") !== seal.sha256)
    throw notAsSealed(path, seal);
}

const notAsSealed = (path: string, { bytes }: MetricsSeal): Error =>
  studyError(`${path}: damaged: its first ${bytes} bytes are not what was written`, new Error("damaged"));

/**
 * The rows of a `metrics.jsonl`, not validated. A missing file has no rows. A last line that was cut off by a crash is
 * ignored; any other bad line is an error.
 */
export function readMetrics(path: string): MetricRow[] {
  return rowsOf(read(path).toString("utf8"), path);
}

function rowsOf(text: string, path: string): MetricRow[] {
  return [...rowsIn(text, path)];
}

/** The rows of a text, one after the other. */
function* rowsIn(text: string, path: string): Generator<MetricRow> {
  for (let start = 0, line = 1; start < text.length; line += 1) {
    const end = text.indexOf("\n", start);
    const own = text.slice(start, end < 0 ? text.length : end);
    start = end < 0 ? text.length : end + 1;
    const row = own === "" ? null : parseRow(own);
    if (row !== null) yield row;
    else if (own !== "" && end >= 0)
      throw new Error(`${path}, line ${line}: not a row of metrics: ${own.slice(0, 80)}`);
  }
}

/** The position at which a `MetricWriter` continues. */
export interface MetricsStart {
  readonly bytes: number;
  readonly hash: RunningHash;
}

/** The used part of Node's `Hash`, because declarations that users see must not refer to Node's types. */
interface RunningHash {
  update(data: string | Uint8Array): unknown;
  copy(): RunningHash;
  digest(encoding: "hex"): string;
}

/**
 * Cuts the file back to its sealed part, so that a resumed run writes each row once. `null` if the file does not begin
 * with that part.
 */
export function rewindMetrics(path: string, seal: MetricsSeal): MetricsStart | null {
  const content = sealedPart(path, seal);
  if (content === null) return null;
  try {
    if (existsSync(path) && statSync(path).size > seal.bytes) truncateSync(path, seal.bytes);
  } catch (error) {
    throw writeError(path, error);
  }
  return { bytes: seal.bytes, hash: createHash("sha256").update(content) };
}

export const NO_METRICS: MetricsSeal = { bytes: 0, sha256: sha256("") };

function sealedPart(path: string, seal: MetricsSeal): Buffer | null {
  const whole = Buffer.allocUnsafe(seal.bytes);
  let filled = 0;
  const isThere = readPart(path, seal.bytes, (part) => (filled += part.copy(whole, filled)));
  return isThere && sha256(whole) === seal.sha256 ? whole : null;
}

/** Reads the first bytes of a file piece by piece. Returns `false` if there are fewer. */
function readPart(path: string, bytes: number, take: (part: Buffer) => void): boolean {
  if (bytes === 0) return true;
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return false;
    throw error;
  }
  try {
    const piece = Buffer.allocUnsafe(Math.min(bytes, 1 << 20));
    let left = bytes;
    for (let read = -1; left > 0 && read !== 0; left -= read) {
      read = readSync(file, piece, 0, Math.min(left, piece.length), null);
      take(piece.subarray(0, read));
    }
    return left === 0;
  } finally {
    closeSync(file);
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

function parseRow(line: string): MetricRow | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return null;
  }
  if (isPlainRow(parsed)) return parsed;
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return null;
  const row: { [name: string]: number } = {};
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value !== "number" && value !== "NaN" && value !== "Infinity" && value !== "-Infinity") return null;
    row[name] = Number(value);
  }
  const { step, ...rest } = row;
  return step === undefined ? null : { step, ...rest };
}

/** Whether a row needs no translation, as nearly all: its values are numbers. */
function isPlainRow(parsed: unknown): parsed is MetricRow {
  if (typeof parsed !== "object" || parsed === null || !("step" in parsed)) return false;
  for (const value of Object.values(parsed)) if (typeof value !== "number") return false;
  return true;
}
