import type { Box } from "./axes.ts";
import { unbroken, type Estimate } from "./estimates.ts";
import type { KeyItem } from "./key.ts";
import { colourOf, dashOf, marker } from "./marks.ts";
import { element, pixels, type Markup } from "./markup.ts";
import { formatNumber } from "./numbers.ts";
import type { Axis } from "./options.ts";
import type { Scale } from "./scale.ts";
import { spreadOut } from "./text.ts";

/** A point of a line. `value` is what it was before a floor raised it to `centre`. */
export interface LinePoint extends Estimate {
  readonly x: number;
  readonly value: number;
}

export interface DrawnLine {
  readonly label: string;
  /** Its place among the lines, which gives its colour and dashes. */
  readonly index: number;
  readonly points: readonly LinePoint[];
  /** Whether each point has a dot. */
  readonly dots: boolean;
  readonly crosses: readonly { readonly x: number; readonly y: number }[];
}

/** Where a figure's values are drawn. */
export interface Plot {
  readonly box: Box;
  readonly x: Scale;
  readonly y: Scale;
  /** Whether the vertical axis can show a value. */
  usable(value: number): boolean;
}

/** By default lines with at most as many points tell the value of each under a pointer. */
const MOST_TOLD = 400;

/** The axes, and about how many points of a line tell their values. */
export interface Telling {
  readonly x: Axis;
  readonly y: Axis;
  readonly told?: number;
}

/** A line with its band, in as many stretches as it has gaps. */
export function drawnLine(line: DrawnLine, plot: Plot, axes: Telling): Markup {
  const runs = unbroken(line.points, ({ centre }) => plot.usable(centre));
  const dotted = line.dots;
  return element(
    "g",
    { class: `c${colourOf(line.index)}` },
    element("title", {}, summary(line, axes.y)),
    runs.map((run) => band(run, plot)),
    runs.map((run) => stretch(run, plot, line.index)),
    runs
      .flatMap((run) => (dotted || run.length === 1 ? run : []))
      .map((point) => marker(line.index, placeOf(point, plot), { radius: 2.8 })),
    line.crosses.filter(({ y }) => plot.usable(y)).map((point) => cross(point, plot)),
    toldOf(runs.flat(), axes.told).map((point) => {
      const [cx, cy] = placeOf(point, plot);
      return element("circle", { class: "hover", cx, cy, r: 6 }, element("title", {}, tellPoint(line, point, axes)));
    }),
  );
}

/** The points that tell their values: evenly chosen, with the last, which is the one most looked for. */
function toldOf(points: readonly LinePoint[], most: number | undefined): readonly LinePoint[] {
  if (most === undefined) return points.length <= MOST_TOLD ? points : [];
  const every = Math.ceil(points.length / most);
  return most === 0 ? [] : points.filter((_, index) => (points.length - 1 - index) % every === 0);
}

function cross({ x, y }: { readonly x: number; readonly y: number }, plot: Plot): Markup {
  const d = `M${pixels(plot.x.place(x) - 4)},${pixels(plot.y.place(y) - 4)}l8,8m0,-8l-8,8`;
  return element("path", { class: "line", d });
}

function placeOf({ x, centre }: LinePoint, plot: Plot): [number, number] {
  return [plot.x.place(x), plot.y.place(centre)];
}

function band(run: readonly LinePoint[], plot: Plot): Markup | null {
  if (!run.some(({ low, high }) => low !== high)) return null;
  const at = (x: number, y: number): string => `${pixels(x)},${pixels(y)}`;
  const edge = (end: "low" | "high"): (readonly [number, number])[] =>
    run.map((point) => {
      // The part of a band that a logarithmic axis cannot show goes down to its end.
      const y = plot.usable(point[end]) ? plot.y.place(point[end]) : plot.box.bottom;
      return [plot.x.place(point.x), y];
    });
  const [upper, lower] = [thinned(edge("high")), thinned(edge("low")).reverse()];
  const [first] = upper;
  if (run.length === 1 && first !== undefined)
    return element("path", { class: "line", d: `M${at(first[0], first[1])}V${pixels(lower[0]?.[1] ?? first[1])}` });
  return element("path", { class: "band", d: `M${[...upper, ...lower].map(([x, y]) => at(x, y)).join("L")}Z` });
}

function stretch(run: readonly LinePoint[], plot: Plot, index: number): Markup | null {
  if (run.length < 2) return null;
  const places = thinned(run.map((point) => placeOf(point, plot)));
  const d = `M${places.map(([x, y]) => `${pixels(x)},${pixels(y)}`).join("L")}`;
  return element("path", { class: "line", d, "stroke-dasharray": dashOf(index) });
}

/**
 * Of the places within one pixel's width the first, the lowest, the highest and the last: a line through these covers
 * the same pixels (M4, Jugel et al. 2014, https://doi.org/10.14778/2732951.2732953).
 */
function thinned(places: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const kept: (readonly [number, number])[] = [];
  for (let start = 0; start < places.length;) {
    const column = Math.floor(places[start]?.[0] ?? 0);
    let end = start;
    let [lowest, highest] = [start, start];
    for (; end < places.length && Math.floor(places[end]?.[0] ?? 0) === column; end += 1) {
      if ((places[end]?.[1] ?? 0) < (places[lowest]?.[1] ?? 0)) lowest = end;
      if ((places[end]?.[1] ?? 0) > (places[highest]?.[1] ?? 0)) highest = end;
    }
    const chosen = [...new Set([start, lowest, highest, end - 1])].sort((a, b) => a - b);
    for (const index of chosen) {
      const place = places[index];
      if (place !== undefined) kept.push(place);
    }
    start = end;
  }
  return kept;
}

/** Names at the ends of the lines. */
export function endLabels(lines: readonly DrawnLine[], plot: Plot): Markup[] {
  const { box } = plot;
  const labels = lines.flatMap((line) => {
    const last = line.points.findLast(({ centre }) => plot.usable(centre));
    if (last === undefined) return [];
    const y = Math.max(box.top, Math.min(box.bottom, plot.y.place(last.centre)));
    return [{ line, y }];
  });
  return spreadOut(labels, { top: box.top, bottom: box.bottom, height: 15 }).map(({ line, y }) =>
    element("text", { class: `label c${colourOf(line.index)}`, x: box.right + 9, y: y + 4 }, line.label),
  );
}

/** How a line looks, for the names above the plot. */
export function lineSample({ label, index, dots }: DrawnLine): KeyItem {
  return {
    label,
    colour: colourOf(index),
    sample: (x, y) =>
      element(
        "g",
        {},
        element("path", { class: "line", d: `M${pixels(x - 11)},${pixels(y)}h22`, "stroke-dasharray": dashOf(index) }),
        dots && marker(index, [x, y], { radius: 2.8 }),
      ),
  };
}

function summary({ label, points }: DrawnLine, y: Axis): string {
  const values = points.map(({ value }) => value).filter((value) => Number.isFinite(value));
  const missing = points.length - values.length;
  const gaps = missing === 0 ? "" : `, ${missing} of ${points.length} missing`;
  if (values.length === 0) return `${label}: no values`;
  let [low, high] = [values[0] ?? 0, values[0] ?? 0];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return `${label}: ${formatNumber(low)} to ${withUnit(high, y)}${gaps}`;
}

function tellPoint({ label }: DrawnLine, { x, value, centre, low, high }: LinePoint, axes: Telling): string {
  const range = low === high || value !== centre ? "" : `, ${formatNumber(low)} to ${formatNumber(high)}`;
  return `${label}: ${withUnit(value, axes.y)}${range}; ${axes.x.label} ${Number.isInteger(x) ? x : formatNumber(x)}`;
}

function withUnit(value: number, { unit }: Axis): string {
  return unit === undefined ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
}
