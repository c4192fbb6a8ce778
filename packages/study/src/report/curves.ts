import { extremes, mean, median } from "../statistics/summary.ts";
import type { MetricRow } from "../trial.ts";
import type { StoredSeries } from "../results.ts";
import type { Point } from "./figure.ts";

/** A panel is about 300 pixels wide, so more points would not be visible. */
const MOST_POINTS = 240;

/** How much a line of the report may hold, so that the page stays small for many lines. */
export interface Room {
  readonly points: number;
  /** About how many of them tell their values under a pointer. */
  readonly told: number;
}

/** The room of each of so many lines. With all copies for download, a point takes about 110 bytes. */
export function roomFor(lines: number): Room {
  const share = (all: number, least: number, most: number): number =>
    Math.max(least, Math.min(most, Math.floor(all / Math.max(1, lines))));
  return { points: share(20_000, 40, MOST_POINTS), told: share(6000, 8, 60) };
}

/** The curve of one metric of one trial. */
export interface Curve {
  /** The number of steps per point, a power of two; 0 if every step has its own point. */
  readonly width: number;
  readonly bins: readonly Bin[];
  /** The last value that is a number. */
  readonly last: { readonly x: number; readonly y: number };
}

/** The values of one trial at one point of the axis. */
interface Bin {
  readonly x: number;
  readonly count: number;
  readonly sum: number;
  readonly low: number;
  readonly high: number;
}

/** By metric. Metrics without numbers are left out. */
export type Curves = ReadonlyMap<string, Curve>;

/**
 * The curves of a trial, reduced to about as many points as are visible. The lowest and highest value at every point
 * are kept.
 */
export function curvesOf(rows: readonly MetricRow[]): Curves {
  const curves = new Map<string, Curve>();
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) names.add(name);
  names.delete("step");
  for (const name of names) {
    const bins: Bin[] = [];
    for (const row of rows) {
      const y = row[name];
      if (y !== undefined && Number.isFinite(y)) bins.push({ x: row.step, count: 1, sum: y, low: y, high: y });
    }
    const last = bins.at(-1);
    if (last === undefined) continue;
    const width = bins.length <= MOST_POINTS ? 0 : widthFor(extremes(bins.map((bin) => bin.x)).high);
    curves.set(name, { width, bins: width === 0 ? bins : merged(bins, width), last: { x: last.x, y: last.sum } });
  }
  return curves;
}

/**
 * One metric of one variant over its seeds, at every point: the mean of the seeds' means, and the lowest and highest
 * value of any seed.
 */
export function curveOverSeeds(seeds: readonly Curve[], most = MOST_POINTS): Point[] {
  const width = binWidth(seeds, most);
  const places = new Map<number, Bin[]>();
  for (const curve of seeds) {
    for (const bin of width === 0 ? curve.bins : merged(curve.bins, width)) {
      const list = places.get(bin.x);
      if (list === undefined) places.set(bin.x, [bin]);
      else list.push(bin);
    }
  }
  return [...places]
    .sort(([a], [b]) => a - b)
    .map(([x, bins]) => ({
      x,
      centre: mean(bins.map((bin) => bin.sum / bin.count)),
      low: extremes(bins.map((bin) => bin.low)).low,
      high: extremes(bins.map((bin) => bin.high)).high,
    }));
}

/** The number of steps per point if these curves are drawn as one; 0 if every step has its own point. */
export function binWidth(seeds: readonly Curve[], most = MOST_POINTS): number {
  const steps = new Set(seeds.flatMap((curve) => curve.bins.map((bin) => bin.x)));
  const coarsest = extremes(seeds.map((curve) => curve.width)).high;
  return seeds.length === 0 || (coarsest === 0 && steps.size <= most)
    ? 0
    : Math.max(coarsest, widthFor(extremes(steps).high, most));
}

/**
 * The smallest power of two that divides the steps into few enough points. Points of one width then nest in those of a
 * larger width.
 */
function widthFor(steps: number, most = MOST_POINTS): number {
  let width = 1;
  while (steps / width > most) width *= 2;
  while (steps > 0 && steps / (width / 2) <= most) width /= 2;
  return width;
}

function merged(bins: readonly Bin[], width: number): Bin[] {
  const places = new Map<number, Bin>();
  for (const bin of bins) {
    const x = (Math.floor(bin.x / width) + 0.5) * width;
    const found = places.get(x);
    if (found === undefined) places.set(x, { ...bin, x });
    else
      places.set(x, {
        x,
        count: found.count + bin.count,
        sum: found.sum + bin.sum,
        low: Math.min(found.low, bin.low),
        high: Math.max(found.high, bin.high),
      });
  }
  return [...places.values()];
}

/**
 * One line of a series over the seeds of a variant: median, lowest and highest value at every x. If there are very many
 * points, neighbors are joined into one point, with the mean of their medians, and their lowest and highest value.
 */
export function seriesOverSeeds(seeds: readonly StoredSeries[], line: string, most = MOST_POINTS): Point[] {
  const points = (seeds[0]?.x.values ?? []).flatMap((x, index): Point[] => {
    const ys = seeds
      .flatMap((series) => (series.lines[line]?.[index] === undefined ? [] : [series.lines[line][index]]))
      .filter(Number.isFinite);
    return ys.length === 0 ? [] : [{ x, centre: median(ys), ...extremes(ys) }];
  });
  const together = Math.ceil(points.length / most);
  if (together <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / together) }, (_, index) => {
    const group = points.slice(index * together, (index + 1) * together);
    return {
      x: mean(group.map((point) => point.x)),
      centre: mean(group.map((point) => point.centre)),
      low: extremes(group.map((point) => point.low)).low,
      high: extremes(group.map((point) => point.high)).high,
    };
  });
}
