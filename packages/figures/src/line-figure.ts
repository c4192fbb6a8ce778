import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { BELOW, endOf, horizontalAxis, leftOf, nothing, topOf, verticalAxis, within, type Box } from "./axes.ts";
import { svgOf, type Drawing } from "./drawing.ts";
import { estimates, rangeOf, type Estimate, type Estimates } from "./estimates.ts";
import { keyOf } from "./key.ts";
import { drawnLine, endLabels, lineSample, type DrawnLine, type LinePoint, type Plot } from "./line-path.ts";
import { MOST_LINES } from "./marks.ts";
import { element, pixels, type Markup } from "./markup.ts";
import { formatNumber } from "./numbers.ts";
import { axisText, checkAxis, checkExtent, checkFigure, type Axis, type FigureOptions } from "./options.ts";
import { linearScale, logScale, type Scale } from "./scale.ts";
import { fitted, textWidth } from "./text.ts";

/** Lines over a common horizontal axis. A `Series` of `@sluice/study` is one. */
export interface LineData {
  /** Finite values in increasing order. */
  readonly x: Axis & { readonly values: ArrayLike<number> };
  /**
   * With `floor`, values of a logarithmic axis that are 0 or below it are drawn at the bottom, and the figure says so.
   */
  readonly y: Axis & { readonly floor?: number };
  /**
   * By name, each as long as `x.values`, or as its own `x`. NaN leaves a gap. With a variation, a band is drawn. At most
   * 40 lines.
   */
  readonly lines: Readonly<Record<string, ArrayLike<number> | LineEstimates>>;
  /** Places where something ended, by the name of the line: crosses in its colour. */
  readonly crosses?: Readonly<Record<string, readonly { readonly x: number; readonly y: number }[]>>;
  /** Values to compare with, such as a threshold: dashed horizontal lines with their names. */
  readonly levels?: Readonly<Record<string, number>>;
}

/** The values of a line, which may stand at other places than those of the other lines. */
export interface LineEstimates extends Estimates {
  /** Finite values in increasing order. Default: `x.values` of the figure. */
  readonly x?: ArrayLike<number>;
}

/** Options of {@link lineFigure}. The default height is 320. */
export interface LineOptions extends FigureOptions {
  /** Lowest and highest value of the vertical axis. Default: the range of the lines, to round numbers. */
  readonly extent?: readonly [number, number];
  /**
   * Names in the order of the colours and dashes, for several figures that should draw each name alike. Lines that it
   * does not name come after it. Default: the order of the lines.
   */
  readonly order?: readonly string[];
  /** About how many points of a line show their value under a pointer. Default: all of up to 400, none of more. */
  readonly told?: number;
}

/**
 * Lines over a common axis, with bands, as an SVG. Each line has its name at its end, or above the plot if there is no
 * room. Lines differ in colour and dashes. A pointer over a line shows its values. Lines with very many points keep
 * what can be seen: the first, last, lowest and highest value of every pixel.
 *
 * Throws a TensorError if a line is not as long as `x.values`, if these do not increase, or for more than 40 lines.
 */
export function lineFigure(data: LineData, options: LineOptions = {}): string {
  const { width, height } = checkFigure("lineFigure", options, { own: ["extent", "order", "told"], height: 320 });
  checkExtent("lineFigure", options.extent);
  const { order, told } = options;
  if (told !== undefined && !(Number.isInteger(told) && told >= 0))
    throw new TensorError(`lineFigure: told must be a whole number of points, got ${shown(told)}`);
  check(data);
  const lines = linesOf(data, width, order);
  return svgOf(drawing(data, lines, { ...options, width, height }), options.theme);
}

function check({ x, y, lines, levels = {}, crosses = {} }: LineData): void {
  checkAxis("lineFigure", "x", x);
  checkAxis("lineFigure", "y", y);
  const count = Object.keys(lines).length;
  if (count > MOST_LINES)
    throw new TensorError(
      `lineFigure: ${count} lines, but only ${MOST_LINES} can be told apart; draw a heat map, or a mean with a band`,
    );
  checkIncrease("x.values", x.values);
  for (const [name, line] of Object.entries(lines)) {
    const own = placesOf(line);
    if (own !== undefined) checkIncrease(`x of ${name}`, own);
  }
  for (const name of Object.keys(crosses))
    if (!(name in lines))
      throw new TensorError(`lineFigure: crosses names ${name}, but the lines are ${Object.keys(lines).join(", ")}`);
  if (y.floor !== undefined && !(y.log === true && y.floor > 0 && Number.isFinite(y.floor)))
    throw new TensorError(`lineFigure: y.floor must be above 0, on a logarithmic axis, got ${shown(y.floor)}`);
  for (const [name, level] of Object.entries(levels))
    if (!Number.isFinite(level))
      throw new TensorError(`lineFigure: level ${name} must be a number, got ${shown(level)}`);
}

function checkIncrease(what: string, values: ArrayLike<number>): void {
  for (let index = 0; index < values.length; index += 1) {
    const [before, value] = [values[index - 1] ?? Number.NEGATIVE_INFINITY, values[index] ?? Number.NaN];
    if (!Number.isFinite(value) || value <= before)
      throw new TensorError(
        `lineFigure: ${what} must be finite and increase, but value ${index} is ${value}${index > 0 ? ` after ${before}` : ""}`,
      );
  }
}

/** The places of a line's own, if it has any. */
const placesOf = (line: ArrayLike<number> | LineEstimates): ArrayLike<number> | undefined =>
  "length" in line ? undefined : line.x;

/** About the room for axes and names beside the plot. */
const BESIDE = 80;

/** Lines whose points are at least as many pixels apart have a dot for each. */
const DOT_ROOM = 16;

function linesOf(
  { x, y: { floor }, lines, crosses = {} }: LineData,
  width: number,
  order: readonly string[] = Object.keys(lines),
): DrawnLine[] {
  const raised = (value: number): number => (floor !== undefined && value >= 0 && value < floor ? floor : value);
  let unnamed = order.length;
  return Object.entries(lines).map(([label, given]) => {
    const places = placesOf(given) ?? x.values;
    const known = order.indexOf(label);
    return {
      label,
      index: known < 0 ? unnamed++ : known,
      dots: (width - BESIDE) / Math.max(1, places.length - 1) >= DOT_ROOM,
      crosses: crosses[label] ?? [],
      points: estimates("lineFigure", label, given, places.length).map(
        ({ centre, low, high }: Estimate, at): LinePoint => ({
          x: places[at] ?? Number.NaN,
          value: centre,
          centre: raised(centre),
          low: floor !== undefined && low < floor && centre >= 0 ? floor : low,
          high: raised(high),
        }),
      ),
    };
  });
}

type Sized = LineOptions & { readonly width: number; readonly height: number };

function drawing(data: LineData, lines: readonly DrawnLine[], options: Sized): Drawing {
  const { width, height, title } = options;
  const { x, y, levels = {} } = data;
  const { told } = options;
  const longest = Math.max(0, ...lines.map(({ label }) => textWidth(label, 13)));
  const above = topOf(title);
  const named = lines.length > 1 || (lines.length === 1 && lines[0]?.label !== y.label);
  const atEnds = named && width >= 420 && longest <= width * 0.28 && lines.length * 15 <= height - above - BELOW;
  const key = keyOf(named && !atEnds ? lines.map(lineSample) : [], width, above);
  const raised =
    y.floor !== undefined &&
    lines.some((line) => line.points.some((point) => point.centre !== point.value && !Number.isNaN(point.value)));
  const bottom = formatNumber(y.floor ?? Number.NaN);
  const note = raised ? `0 and values below ${bottom} are drawn at ${bottom}` : null;
  const short = `0 to ${bottom}: at the bottom`;
  const plot = plotOf(data, lines, {
    ...options,
    top: above + key.height,
    bottom: endOf(above + key.height, height - BELOW - (note === null ? 0 : 16)),
    right: width - (atEnds ? Math.ceil(longest) + 20 : 18),
  });
  const { box } = plot;
  const body = [
    ...key.body,
    ...verticalAxis(box, axisText(y), marksOf(plot.y)),
    ...horizontalAxis(box, axisText(x), marksOf(plot.x), width),
    within(
      box,
      lines.map((line) => drawnLine(line, plot, { x, y, ...(told !== undefined && { told }) })),
    ),
    ...Object.entries(levels).flatMap((level) => levelLine(plot, lines, level)),
    ...(atEnds ? endLabels(lines, plot) : []),
    ...(lines.some((line) => line.points.some((point) => plot.usable(point.centre))) ? [] : [nothing(box)]),
    ...(note === null ? [] : [element("text", { x: 12, y: height - 8 }, textWidth(note) <= width - 24 ? note : short)]),
  ];
  const names = lines.map(({ label }) => label).join(", ");
  const described = `${axisText(y)} over ${axisText(x)}${named ? `: ${names}` : ""}${note === null ? "" : `. ${note}`}.`;
  return { width, height, title, description: options.description ?? described, body };
}

function plotOf(
  { x, y, levels = {} }: LineData,
  lines: readonly DrawnLine[],
  { extent, top, bottom, ...given }: Sized & { readonly top: number; readonly bottom: number; readonly right: number },
): Plot {
  const usable = (value: number): boolean => Number.isFinite(value) && (y.log !== true || value > 0);
  const every = [
    ...lines.flatMap(({ points }) => points).filter(({ centre }) => usable(centre)),
    ...lines.flatMap(({ crosses }) => crosses.map(({ y: centre }) => ({ centre, low: centre, high: centre }))),
    ...Object.values(levels).map((level) => ({ centre: level, low: level, high: level })),
  ];
  const found = rangeOf(everyEnd(every), usable) ?? (y.log === true ? [0.1, 1] : [0, 1]);
  const [low, high] = extent ?? found;
  if (y.log === true && !(low > 0))
    throw new TensorError(`lineFigure: extent must be above 0 on a logarithmic axis, got ${shown(extent)}`);
  const ticks = Math.max(2, Math.min(8, Math.floor((bottom - top) / 42)));
  const yScale =
    y.log === true
      ? logScale(low, high, [bottom, top], ticks)
      : linearScale(low, high, [bottom, top], { ticks, tight: extent !== undefined });
  const left = leftOf(
    yScale.ticks.map(({ label }) => label),
    axisText(y),
  );
  const right = endOf(left, given.right);
  const box: Box = { left, right, top, bottom };
  const places = [
    ...Array.from(x.values),
    ...lines.flatMap(({ points, crosses }) => [...points, ...crosses].map((point) => point.x)),
  ];
  const [first, last] = rangeOf(places) ?? [0, 1];
  const wanted = Math.max(right - left < 220 ? 2 : 5, Math.min(10, Math.floor((right - left) / 80)));
  const whole = places.every((value) => Number.isInteger(value));
  const xScale =
    x.log === true
      ? logScale(first, last, [left, right], wanted)
      : linearScale(first, last, [left, right], { ticks: wanted, tight: true, whole });
  if (x.log === true && !(first > 0))
    throw new TensorError(`lineFigure: x is logarithmic, so x.values must be above 0, got ${first}`);
  return { box, x: xScale, y: yScale, usable };
}

function* everyEnd(points: readonly Estimate[]): Iterable<number> {
  for (const { low, centre, high } of points) {
    yield low;
    yield centre;
    yield high;
  }
}

function marksOf(scale: Scale): { place: number; label: string }[] {
  return scale.ticks.map(({ value, label }) => ({ place: scale.place(value), label }));
}

function levelLine(plot: Plot, lines: readonly DrawnLine[], [name, level]: readonly [string, number]): Markup[] {
  const { box, y } = plot;
  const place = y.place(level);
  if (!(place >= box.top - 1 && place <= box.bottom + 1)) return [];
  const text = fitted(name, box.right - box.left - 12);
  const width = textWidth(text);
  // Where no line is, if there is such a place.
  const corners = [-4, 14].flatMap((down) =>
    [box.left + 6, box.right - 6 - width].map((x) => ({ x, y: place + down })),
  );
  const free = corners.find((corner) => !lines.some((line) => crosses(line, plot, { ...corner, width }))) ?? corners[0];
  return [
    element("path", { class: "level", d: `M${pixels(box.left)},${pixels(place)}H${pixels(box.right)}` }),
    element("text", { class: "over", x: free?.x, y: free?.y }, text),
  ];
}

/** Whether a line has a point behind a text, or goes through it from one point to the next. */
function crosses(
  { points }: DrawnLine,
  plot: Plot,
  text: { readonly x: number; readonly y: number; readonly width: number },
): boolean {
  const places = points.map(({ x, centre }) => [plot.x.place(x), plot.y.place(centre)] as const);
  return places.some(([x, y], index) => {
    const [before, above] = places[index - 1] ?? [x, y];
    const beside = x < text.x || before > text.x + text.width;
    return !beside && Math.max(y, above) > text.y - 13 && Math.min(y, above) < text.y + 5;
  });
}
