import { readFileSync } from "node:fs";
import { curvesOf, studyError, systemCode, type Curve, type Curves, type MetricRow } from "@sluice/study";
import { sha256 } from "./sha256.ts";
import { writeAtomically } from "./write.ts";

/**
 * `curves.json`: what the report draws of a trial with many rows, so that it need not parse them. The rows are the
 * truth: without this file, the curves are made from them again.
 */
interface KeptCurves {
  readonly [metric: string]: Curve;
}

/** Fewer rows are read as fast as their curves would be. */
const FEW_ROWS = 1000;

/** Writes the curves of many rows. Returns the SHA-256 of the file, or `null` if there is none. */
export function keepCurves(path: string, rows: readonly MetricRow[]): string | null {
  if (rows.length <= FEW_ROWS) return null;
  const curves = curvesOf(rows);
  const kept: KeptCurves = Object.fromEntries([...curves].map(([name, curve]) => [name, plain(curve)]));
  const text = JSON.stringify(kept);
  // JSON has no infinity. It comes from sums of values beyond 1e300 and is not worth a notation.
  if (text.includes("null")) return null;
  writeAtomically(path, text);
  return sha256(text);
}

const plain = ({ width, x, count, sum, low, high, last }: Curve): Curve => ({
  width,
  x: Array.from(x),
  count: Array.from(count),
  sum: Array.from(sum),
  low: Array.from(low),
  high: Array.from(high),
  last,
});

/** @throws an error if the file is missing or is not the one with this SHA-256. */
export function readKeptCurves(path: string, hash: string): Curves {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw studyError(`${path}: ${systemCode(error) === "ENOENT" ? "the file is missing" : "cannot be read"}`, error);
  }
  if (sha256(bytes) !== hash) throw studyError(`${path}: damaged: its content is not what was written`);
  // Its form needs no check of its own: it is what a result was sealed with.
  const curves: KeptCurves = JSON.parse(bytes.toString("utf8"));
  return new Map(Object.entries(curves).map(([name, curve]) => [name, packed(curve)]));
}

/** Eight bytes a number, because the curves of all trials are in memory at a time. */
const packed = ({ width, x, count, sum, low, high, last }: Curve): Curve => ({
  width,
  x: new Float64Array(x),
  count: new Float64Array(count),
  sum: new Float64Array(sum),
  low: new Float64Array(low),
  high: new Float64Array(high),
  last,
});
