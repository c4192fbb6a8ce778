import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { messageOf, storedSeries, studyError, type Series, type StoredSeries } from "@sluice/study";
import { readSealed, writeSealed } from "./seal.ts";

const axis = z.object({ label: z.string(), unit: z.string().optional(), log: z.boolean().optional() });
const points = z.array(z.number().nullable());

/** `artifacts/<name>.json`. A number that is not finite is stored as `null`. */
const seriesSchema = z.object({
  trial: z.string(),
  name: z.string(),
  title: z.string(),
  x: axis.extend({ values: points }),
  y: axis,
  lines: z.record(z.string(), points),
});

/** The series of a trial, in its `artifacts` folder. */
export interface SeriesWriter {
  /** Writes a series. Lines of the same name are replaced; other lines of the file stay. */
  write(name: string, series: Series): void;
  /** Names of the lines by series; a checkpoint stores them. */
  lines(): { readonly [name: string]: readonly string[] };
  /** Seals of the files by series; a result stores them. */
  seals(): { readonly [name: string]: string };
}

/**
 * Continues with the series that a checkpoint lists. Everything else in the folder was written later and is deleted.
 * `null` if a series is damaged or has lost a line; the checkpoint is then useless.
 */
export function seriesWriter(
  folder: string,
  trial: string,
  remembered: { readonly [name: string]: readonly string[] },
): SeriesWriter | null {
  const kept = new Map<string, { readonly lines: readonly string[]; readonly seal: string }>();
  for (const [name, lines] of Object.entries(remembered)) {
    try {
      const { series, seal } = readSeries(folder, trial, name);
      if (!lines.every((line) => line in series.lines)) return null;
      kept.set(name, { lines: Object.keys(series.lines), seal });
    } catch {
      return null;
    }
  }
  if (existsSync(folder))
    for (const entry of readdirSync(folder))
      if (!kept.has(entry.replace(/\.json$/, ""))) rmSync(join(folder, entry), { force: true, recursive: true });
  return {
    write(name, series) {
      const earlier = kept.has(name) ? readSeries(folder, trial, name).series.lines : {};
      const stored = storedSeries(name, series, earlier);
      kept.set(name, {
        lines: Object.keys(stored.lines),
        seal: writeSealed(join(folder, `${name}.json`), "series", { trial, ...stored }),
      });
    },
    lines: () => Object.fromEntries([...kept].map(([name, { lines }]) => [name, lines])),
    seals: () => Object.fromEntries([...kept].map(([name, { seal }]) => [name, seal])),
  };
}

/**
 * Reads the named series of a trial. Returns the undamaged ones, and the problems of the others. With `seals` a series
 * must be the one that was sealed.
 */
export function readAllSeries(
  folder: string,
  trial: string,
  names: readonly string[],
  seals?: { readonly [name: string]: string },
): { series: StoredSeries[]; problems: string[] } {
  const problems: string[] = [];
  const series = [...names].sort().flatMap((name) => {
    try {
      const read = readSeries(folder, trial, name);
      if (seals !== undefined && seals[name] !== read.seal)
        throw studyError(`${join(folder, `${name}.json`)}: damaged: not the series that the result was made with`);
      return [read.series];
    } catch (error) {
      problems.push(messageOf(error));
      return [];
    }
  });
  return { series, problems };
}

function readSeries(folder: string, trial: string, name: string): { series: StoredSeries; seal: string } {
  const path = join(folder, `${name}.json`);
  const { content, seal } = readSealed(path, "series");
  return { series: seriesOf(content, { trial, name, path }), seal };
}

/**
 * The series that a file's content describes.
 *
 * @throws an error if it is not one, or not that of this trial and name.
 */
export function seriesOf(
  content: unknown,
  { trial, name, path }: { readonly trial: string; readonly name: string; readonly path: string },
): StoredSeries {
  const checked = seriesSchema.safeParse(content);
  if (!checked.success) throw studyError(`${path}: not a series: ${checked.error.issues[0]?.path.join(".") ?? ""}`);
  const stored = checked.data;
  if (stored.trial !== trial || stored.name !== name)
    throw studyError(`${path}: the series of another trial, or another series`);
  const numbers = (list: readonly (number | null)[]): number[] => list.map((point) => point ?? Number.NaN);
  const lines = Object.fromEntries(Object.entries(stored.lines).map(([line, list]) => [line, numbers(list)]));
  return {
    name,
    title: stored.title,
    x: { ...plainAxis(stored.x), values: numbers(stored.x.values) },
    y: plainAxis(stored.y),
    lines,
  };
}

function plainAxis({ label, unit, log }: z.infer<typeof axis>): Series["y"] {
  return { label, ...(unit === undefined ? {} : { unit }), ...(log === undefined ? {} : { log }) };
}
