import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lineFigure } from "@sluice/figures";
import { messageOf, type Store, type StoredRun } from "@sluice/study";
import { csvLines } from "../export/csv.ts";
import { freeName } from "./free-name.ts";

/** A mean over seeds, with the lowest and the highest of them. */
interface Point {
  sum: number;
  count: number;
  low: number;
  high: number;
}

/** By task, metric and variant: points by step. */
type Curves = Map<string, Map<string, Map<string, Map<number, Point>>>>;

/**
 * Draws the curve of every metric for every task as `figures/<task>-<metric>.svg`: a line per variant, with a band from
 * the lowest to the highest seed. The CSV beside it has the same numbers. Returns the names of the figures, and what
 * could not be drawn.
 */
export async function bundleFigures(
  run: StoredRun,
  store: Store,
  bundle: string,
): Promise<{ readonly figures: readonly string[]; readonly problems: readonly string[] }> {
  const figures: string[] = [];
  const problems: string[] = [];
  const folder = join(bundle, "figures");
  mkdirSync(folder, { recursive: true });
  const { metrics, stepLabel } = run.manifest;
  for (const [task, ofTask] of await curvesOf(run, store))
    for (const [name, lines] of ofTask) {
      const metric = metrics[name];
      if (metric?.curve === false) continue;
      const file = freeName(`${plain(task)}-${plain(name)}`, figures);
      const steps = [...new Set([...lines.values()].flatMap((points) => [...points.keys()]))].sort((a, b) => a - b);
      await writeData(join(folder, `${file}.csv`), lines);
      const y = {
        label: metric?.label ?? name,
        ...(metric?.unit === undefined ? {} : { unit: metric.unit }),
        ...(metric?.log === true ? { log: true } : {}),
      };
      try {
        const estimates = Object.fromEntries(
          [...lines].map(([variant, points]) => {
            const at = (value: (point: Point) => number): number[] =>
              steps.map((step) => {
                const point = points.get(step);
                return point === undefined ? Number.NaN : value(point);
              });
            return [variant, { values: at(meanOf), low: at(({ low }) => low), high: at(({ high }) => high) }];
          }),
        );
        const data = { x: { label: stepLabel, values: steps }, y, lines: estimates };
        writeFileSync(join(folder, `${file}.svg`), lineFigure(data, { title: `${task}: ${y.label}`, theme: "light" }));
      } catch (error) {
        problems.push(`the figure ${file}.svg is not drawn: ${messageOf(error)}`);
      }
      figures.push(file);
    }
  return { figures, problems };
}

async function curvesOf({ trials }: StoredRun, store: Store): Promise<Curves> {
  const curves: Curves = new Map();
  for (const { trial, record } of trials) {
    if (record.status === "waiting") continue;
    for (const { step, ...values } of (await store.readCurves(record)).rows)
      for (const [metric, value] of Object.entries(values)) {
        if (!Number.isFinite(value)) continue;
        const points = within(within(within(curves, trial.task), metric), trial.variant);
        const point = points.get(step) ?? { sum: 0, count: 0, low: value, high: value };
        point.sum += value;
        point.count += 1;
        point.low = Math.min(point.low, value);
        point.high = Math.max(point.high, value);
        points.set(step, point);
      }
  }
  return curves;
}

/** The map of a name in a map of maps, made if it is not there. */
function within<K, V>(maps: Map<string, Map<K, V>>, name: string): Map<K, V> {
  const found = maps.get(name) ?? new Map<K, V>();
  maps.set(name, found);
  return found;
}

const meanOf = ({ sum, count }: Point): number => sum / count;

async function writeData(path: string, lines: ReadonlyMap<string, ReadonlyMap<number, Point>>): Promise<void> {
  const rows = [...lines].flatMap(([variant, points]) =>
    [...points]
      .toSorted(([a], [b]) => a - b)
      .map(([step, point]) => [variant, step, meanOf(point), point.low, point.high, point.count] as const),
  );
  const names = ["variant", "step", "mean", "lowest", "highest", "trials"];
  let text = "";
  for await (const part of csvLines({
    columns: names.map((name) => ({ name, type: name === "variant" ? "text" : "number" })),
    async *parts() {
      yield rows;
    },
  }))
    text += part;
  writeFileSync(path, text);
}

const plain = (name: string): string => name.replaceAll(/[^A-Za-z0-9]+/g, "-").replaceAll(/^-|-$/g, "") || "unnamed";
