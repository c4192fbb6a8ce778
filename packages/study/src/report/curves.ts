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

/** The curve of one metric of one trial, reduced to points. The lists have a number for each point. */
export interface Curve {
  /** The number of steps per point, a power of two; 0 if every step has its own point. */
  readonly width: number;
  readonly x: ArrayLike<number>;
  /** How many values are at a point. */
  readonly count: ArrayLike<number>;
  readonly sum: ArrayLike<number>;
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  /** The last value that is a number. */
  readonly last: { readonly x: number; readonly y: number };
}

type Points = Omit<Curve, "width" | "last">;

/** By metric. Metrics without numbers are left out. */
export type Curves = ReadonlyMap<string, Curve>;

/**
 * The curves of a trial, reduced to about as many points as are visible. The lowest and highest value at every point
 * are kept.
 */
export function curvesOf(rows: readonly MetricRow[]): Curves {
  const curves = new Map<string, Curve>();
  const names = new Set<string>();
  for (const row of rows) for (const name in row) names.add(name);
  names.delete("step");
  for (const name of names) {
    const curve = curveOf(rows, name);
    if (curve !== null) curves.set(name, curve);
  }
  return curves;
}

function curveOf(rows: readonly MetricRow[], name: string): Curve | null {
  const [x, y]: [number[], number[]] = [[], []];
  for (const row of rows) {
    const value = row[name];
    if (value === undefined || !Number.isFinite(value)) continue;
    x.push(row.step);
    // JSON has no -0, and a figure none either.
    y.push(value + 0);
  }
  const last = { x: x.at(-1) ?? 0, y: y.at(-1) ?? 0 };
  if (x.length === 0) return null;
  const count = new Float64Array(x.length).fill(1);
  const all: Points = { x, count, sum: y, low: y, high: y };
  const width = x.length <= MOST_POINTS ? 0 : widthFor(extremes(x).high);
  return { width, ...(width === 0 ? all : merged(all, width)), last };
}

/** The curve with at most about `most` points. */
export function thinned(curve: Curve, most: number): Curve {
  if (curve.x.length <= most) return curve;
  const width = Math.max(curve.width, widthFor(extremes(Array.from(curve.x)).high, most));
  return width === curve.width ? curve : { width, ...merged(curve, width), last: curve.last };
}

/**
 * One metric of one variant over its seeds, at every point: the mean of the seeds' means, and the lowest and highest
 * value of any seed.
 */
export function curveOverSeeds(seeds: readonly Curve[], most = MOST_POINTS): Point[] {
  const width = binWidth(seeds, most);
  const places = new Map<number, { means: number[]; low: number; high: number }>();
  for (const curve of seeds) {
    const { x, sum, count, low, high } = width === 0 || width === curve.width ? curve : merged(curve, width);
    for (let point = 0; point < x.length; point += 1) {
      const at = x[point] ?? Number.NaN;
      const value = (sum[point] ?? Number.NaN) / (count[point] ?? Number.NaN);
      const [least, most] = [low[point] ?? Number.NaN, high[point] ?? Number.NaN];
      const place = places.get(at);
      if (place === undefined) places.set(at, { means: [value], low: least, high: most });
      else {
        place.means.push(value);
        place.low = Math.min(place.low, least);
        place.high = Math.max(place.high, most);
      }
    }
  }
  return [...places]
    .sort(([a], [b]) => a - b)
    .map(([x, { means, low, high }]) => ({ x, centre: mean(means), low, high }));
}

/** The number of steps per point if these curves are drawn as one; 0 if every step has its own point. */
export function binWidth(seeds: readonly Curve[], most = MOST_POINTS): number {
  const steps = new Set<number>();
  for (const { x } of seeds) for (let point = 0; point < x.length; point += 1) steps.add(x[point] ?? Number.NaN);
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

/** Points joined so that each has `width` steps, in the order in which they first occur. */
function merged(points: Points, width: number): Points {
  const places = new Map<number, number>();
  const [x, count, sum, low, high]: [number[], number[], number[], number[], number[]] = [[], [], [], [], []];
  for (let point = 0; point < points.x.length; point += 1) {
    const at = (Math.floor((points.x[point] ?? Number.NaN) / width) + 0.5) * width;
    const [n, total] = [points.count[point] ?? 0, points.sum[point] ?? Number.NaN];
    const [least, most] = [points.low[point] ?? Number.NaN, points.high[point] ?? Number.NaN];
    const place = places.get(at) ?? places.size;
    if (place === places.size) {
      places.set(at, place);
      x.push(at);
      count.push(n);
      sum.push(total);
      low.push(least);
      high.push(most);
    } else {
      count[place] = (count[place] ?? 0) + n;
      sum[place] = (sum[place] ?? 0) + total;
      low[place] = Math.min(low[place] ?? Number.NaN, least);
      high[place] = Math.max(high[place] ?? Number.NaN, most);
    }
  }
  const packed = (values: readonly number[]): Float64Array => Float64Array.from(values);
  return { x: packed(x), count: packed(count), sum: packed(sum), low: packed(low), high: packed(high) };
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
