import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { StoredSeries } from "../results.ts";
import type { Series } from "../trial.ts";
import { writeJson } from "./write.ts";

/** Writes a series; lines of the same name are replaced, others that the file holds stay. */
export function writeSeries(folder: string, name: string, series: Series): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name)) throw new Error(`series: "${name}" becomes a file name: use letters, digits, - and _`);
  const { values, ...x } = series.x;
  const path = join(folder, `${name}.json`);
  for (const [line, points] of Object.entries(series.lines)) {
    if (points.length !== values.length) {
      throw new Error(`series "${name}", line "${line}": ${points.length} points for ${values.length} values of x; each line needs one point an x`);
    }
  }
  const earlier = existsSync(path) ? readSeries(path).lines : {};
  const lines = Object.fromEntries(Object.entries(series.lines).map(([line, points]) => [line, Array.from(points, finiteOrNull)]));
  writeJson(path, { name, title: series.title, x: { ...x, values: Array.from(values) }, y: series.y, lines: { ...earlier, ...lines } });
}

/** Every series of a trial's `artifacts` folder, by name. */
export function readAllSeries(folder: string): StoredSeries[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((entry) => entry.endsWith(".json"))
    .sort()
    .map((entry) => readSeries(join(folder, entry)));
}

function readSeries(path: string): StoredSeries {
  const stored: StoredSeries & { lines: Record<string, (number | null)[]> } = JSON.parse(readFileSync(path, "utf8"));
  const lines = Object.fromEntries(Object.entries(stored.lines).map(([line, points]) => [line, points.map((point) => point ?? Number.NaN)]));
  return { ...stored, lines };
}

const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);
