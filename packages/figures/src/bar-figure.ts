import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { BELOW, endOf, horizontalAxis, nothing, topOf, type Box } from "./axes.ts";
import { svgOf, type Drawing } from "./drawing.ts";
import { estimates, rangeOf, type Estimate, type Estimates } from "./estimates.ts";
import { keyOf } from "./key.ts";
import { colourOf } from "./marks.ts";
import { element, pixels, type Markup } from "./markup.ts";
import { formatNumber } from "./numbers.ts";
import { axisText, checkAxis, checkExtent, checkFigure, type Axis, type FigureOptions } from "./options.ts";
import { series } from "./palette.ts";
import { linearScale, type Scale } from "./scale.ts";
import { fitted, textWidth } from "./text.ts";

/** Horizontal bars. */
export interface BarData {
  /** What the bars measure. It is not logarithmic, because bars begin at 0. */
  readonly value: Axis;
  /** The names of the bars, or of the groups of bars, from above. */
  readonly names: readonly string[];
  /** By name, each as long as `names`: at most eight. NaN is missing. With a variation, an error bar is drawn. */
  readonly bars: Readonly<Record<string, ArrayLike<number> | Estimates>>;
  /** Values to compare with, such as that of the whole network: dashed lines with their names. */
  readonly levels?: Readonly<Record<string, number>>;
}

/** Options of {@link barFigure}. The default height follows from the number of bars. */
export interface BarOptions extends FigureOptions {
  /** The ends of the axis. Default: from 0 to the largest value, to round numbers. */
  readonly extent?: readonly [number, number];
}

/**
 * Horizontal bars with error bars, as an SVG. Each has its value at its end.
 *
 * Throws a TensorError if bars are not one for each name, for more than eight in a group, or for a logarithmic axis.
 */
export function barFigure(data: BarData, options: BarOptions = {}): string {
  const operation = "barFigure";
  const kinds = Object.keys(data.bars);
  const { title } = options;
  const row = Math.max(20, kinds.length * 16 + 8);
  const usual =
    topOf(title) +
    BELOW +
    (kinds.length > 1 ? 24 : 0) +
    (data.levels === undefined ? 0 : 16) +
    Math.max(60, data.names.length * row);
  const size = checkFigure(operation, options, { own: ["extent"], height: Math.max(120, Math.min(20000, usual)) });
  checkAxis(operation, "value", data.value);
  checkExtent(operation, options.extent);
  if (data.value.log === true)
    throw new TensorError(`${operation}: value cannot be logarithmic, because bars begin at 0; draw a lineFigure`);
  if (kinds.length > series.length)
    throw new TensorError(
      `${operation}: ${kinds.length} bars for each name, but only ${series.length} can be told apart`,
    );
  for (const [name, level] of Object.entries(data.levels ?? {}))
    if (!Number.isFinite(level))
      throw new TensorError(`${operation}: level ${name} must be a number, got ${shown(level)}`);
  const groups = kinds.map((kind) => ({
    kind,
    values: estimates(operation, kind, data.bars[kind] ?? [], data.names.length),
  }));
  return svgOf(drawing(data, groups, { ...options, ...size }), options.theme);
}

interface Group {
  readonly kind: string;
  readonly values: readonly Estimate[];
}

type Sized = BarOptions & { readonly width: number; readonly height: number };

/** Where bars are drawn, and how. */
interface Bars {
  readonly box: Box;
  readonly scale: Scale;
  /** The height of a group. */
  readonly part: number;
  /** Room for numbers at the left of the box. */
  readonly before: number;
  /** A value at the end of a bar: one digit more than the axis has. */
  printed(value: number): string;
}

function drawing(data: BarData, groups: readonly Group[], options: Sized): Drawing {
  const { value, names, levels = {} } = data;
  const { width, height, title } = options;
  const samples = groups.map(({ kind }, index) => ({
    label: kind,
    colour: colourOf(index),
    sample: (x: number, y: number) => element("rect", { class: "bar", x: x - 8, y: y - 5, width: 16, height: 10 }),
  }));
  const key = keyOf(groups.length > 1 ? samples : [], width, topOf(title));
  const labels = names.map((name) => fitted(name, width * 0.36));
  const bars = barsOf(data, groups, { ...options, top: topOf(title) + key.height, labels });
  const { box, scale, part } = bars;
  const marks = scale.ticks.map((tick) => ({ place: scale.place(tick.value), label: tick.label }));
  const zero = Math.max(box.left, Math.min(box.right, scale.place(0)));
  const body = [
    ...key.body,
    element("path", {
      class: "grid",
      d: marks.map(({ place }) => `M${pixels(place)},${pixels(box.top)}V${pixels(box.bottom)}`).join(""),
    }),
    ...horizontalAxis(box, axisText(value), marks, width),
    ...labels.map((label, index) =>
      nameOf(names[index] ?? label, label, { x: box.left - bars.before - 8, y: box.top + (index + 0.5) * part + 4 }),
    ),
    ...Object.entries(levels).flatMap(([name, level]) => levelLine(box, scale.place(level), name, width)),
    ...groups.map(({ kind, values }, index) =>
      element(
        "g",
        { class: `c${colourOf(index)}` },
        values.map((estimate, row) => {
          const place = barPlace(box.top + row * part, part, { index, of: groups.length });
          return drawnBar(estimate, bars, place, `${names[row] ?? ""}${groups.length > 1 ? `, ${kind}` : ""}: `);
        }),
      ),
    ),
    element("path", { class: "base", d: `M${pixels(zero)},${pixels(box.top)}V${pixels(box.bottom)}` }),
    ...(names.length === 0 || groups.length === 0 ? [nothing(box)] : []),
  ];
  const kinds = groups.length > 1 ? `: ${groups.map(({ kind }) => kind).join(", ")}` : "";
  const described = `${axisText(value)} of ${names.join(", ")}${kinds}.`;
  return { width, height, title, description: options.description ?? described, body };
}

function barsOf(
  { names, levels = {} }: BarData,
  groups: readonly Group[],
  { width, height, extent, top, labels }: Sized & { readonly top: number; readonly labels: readonly string[] },
): Bars {
  const all = groups.flatMap(({ values }) => values.flatMap(({ low, centre, high }) => [low, centre, high]));
  const found = rangeOf([...all, ...Object.values(levels)]);
  const [low, high] = extent ?? [Math.min(0, found?.[0] ?? 0), Math.max(0, found?.[1] ?? 1)];
  const scaleOn = (left: number, right: number): Scale => {
    const ticks = Math.max(2, Math.min(8, Math.floor((right - left) / 80)));
    return linearScale(low, high, [left, right], { ticks, tight: extent !== undefined });
  };
  // The numbers at the bars have their digits from the axis, whatever its length.
  const ticks = scaleOn(0, width).ticks.map(({ label }) => label);
  const digits = Math.max(0, ...ticks.map((label) => label.split(".")[1]?.length ?? 0)) + 1;
  const printed = (value: number): string =>
    value === 0 ? "0" : ticks.some((label) => label.includes("·")) ? formatNumber(value) : formatNumber(value, digits);
  const numbers = groups.flatMap(({ values }) => values.map(({ centre }) => centre)).filter(Number.isFinite);
  const longest = Math.max(0, ...numbers.map((number) => textWidth(printed(number))));
  const before = low < 0 ? longest : 0;
  const left = Math.ceil(Math.max(0, ...labels.map((label) => textWidth(label))) + 20 + before);
  const right = Math.max(left + 20, Math.floor(width - 18 - longest));
  const above = top + (Object.keys(levels).length === 0 ? 0 : 16);
  const box: Box = { left, right, top: above, bottom: endOf(above, height - BELOW) };
  return { box, scale: scaleOn(left, right), part: (box.bottom - above) / Math.max(1, names.length), before, printed };
}

/** The upper edge and the height of a bar of a group. */
function barPlace(
  top: number,
  part: number,
  { index, of }: { readonly index: number; readonly of: number },
): [number, number] {
  const gap = Math.min(8, part * 0.3);
  const height = (part - gap) / of;
  return [top + gap / 2 + index * height, Math.max(1, height - (of > 1 ? 1 : 0))];
}

function nameOf(name: string, label: string, { x, y }: { readonly x: number; readonly y: number }): Markup {
  return element(
    "text",
    { class: "ink", x, y, "text-anchor": "end" },
    label,
    label !== name && element("title", {}, name),
  );
}

function drawnBar(
  { centre, low, high }: Estimate,
  { scale, printed }: Bars,
  [top, height]: readonly [number, number],
  text: string,
): Markup {
  const [zero, end, middle] = [scale.place(0), scale.place(centre), top + height / 2];
  if (!Number.isFinite(centre))
    return element("text", { x: zero + 6, y: middle + 4 }, "missing", element("title", {}, `${text}missing`));
  const varies = low !== high;
  const range = varies ? `, ${formatNumber(low)} to ${formatNumber(high)}` : "";
  const beyond = centre < 0 ? Math.min(end, scale.place(low)) - 6 : Math.max(end, scale.place(high)) + 6;
  const whiskers = `M${pixels(scale.place(low))},${pixels(middle)}H${pixels(scale.place(high))}`;
  const caps = [low, high].map((value) => `M${pixels(scale.place(value))},${pixels(middle - 3)}v6`).join("");
  return element(
    "g",
    {},
    element("title", {}, `${text}${formatNumber(centre)}${range}`),
    element("rect", { class: "bar", x: Math.min(zero, end), y: top, width: Math.abs(end - zero), height }),
    // The page's colour around it keeps the error bar visible on a bar of any colour.
    varies && element("path", { class: "under", d: whiskers + caps }),
    varies && element("path", { class: "whisker", d: whiskers + caps }),
    height >= 9 &&
      element(
        "text",
        { class: "over", x: beyond, y: middle + 4, "text-anchor": centre < 0 ? "end" : undefined },
        printed(centre),
      ),
  );
}

function levelLine({ top, bottom, left, right }: Box, place: number, name: string, width: number): Markup[] {
  if (!(place >= left - 1 && place <= right + 1)) return [];
  const half = textWidth(name) / 2;
  const x = Math.max(8 + half, Math.min(width - 8 - half, place));
  return [
    element("path", { class: "level", d: `M${pixels(place)},${pixels(top)}V${pixels(bottom)}` }),
    element("text", { x, y: top - 5, "text-anchor": "middle" }, fitted(name, width - 16)),
  ];
}
