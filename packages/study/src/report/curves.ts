import { mean, median } from "../statistics/summary.ts";
import type { MetricRow } from "../trial.ts";
import type { StoredSeries } from "../results.ts";
import type { Point } from "./figure.ts";

const MOST_POINTS = 240;

/** One metric of one variant over its seeds: mean, lowest and highest at every step, or in every interval of steps when there are very many. */
export function curveOverSeeds(seeds: readonly (readonly MetricRow[])[], metric: string): Point[] {
  const curves = seeds.map((rows) => rows.flatMap((row) => (row[metric] === undefined ? [] : [{ x: row.step, y: row[metric] }])));
  const steps = new Set(curves.flatMap((curve) => curve.map((point) => point.x)));
  if (steps.size === 0) return [];
  const width = steps.size <= MOST_POINTS ? 0 : Math.max(...steps) / MOST_POINTS;
  const bin = (x: number): number => (width === 0 ? x : (Math.floor(x / width) + 0.5) * width);
  const bins = new Map<number, number[]>();
  for (const curve of curves) {
    const own = new Map<number, number[]>();
    for (const { x, y } of curve) if (Number.isFinite(y)) push(own, bin(x), y);
    for (const [x, ys] of own) push(bins, x, mean(ys));
  }
  return [...bins].sort(([a], [b]) => a - b).map(([x, ys]) => ({ x, centre: mean(ys), low: Math.min(...ys), high: Math.max(...ys) }));
}

/** One line of a series over the seeds of a variant: median, lowest and highest at every x. */
export function seriesOverSeeds(seeds: readonly StoredSeries[], line: string): Point[] {
  const xs = seeds[0]?.x.values ?? [];
  return xs.flatMap((x, index) => {
    const ys = seeds.flatMap((series) => (series.lines[line]?.[index] === undefined ? [] : [series.lines[line][index]])).filter(Number.isFinite);
    return ys.length === 0 ? [] : [{ x, centre: median(ys), low: Math.min(...ys), high: Math.max(...ys) }];
  });
}

function push(bins: Map<number, number[]>, key: number, value: number): void {
  const list = bins.get(key);
  if (list === undefined) bins.set(key, [value]);
  else list.push(value);
}
