import { formatNumber, lineFigure, type Axis, type LineData, type Theme } from "@sluice/figures";
import { html, linearScale, type Markup } from "@sluice/figures/internal";
import { extremes } from "../statistics/summary.ts";
import { csv, downloads, fileName } from "./downloads.ts";

export interface Point {
  readonly x: number;
  readonly centre: number;
  readonly low: number;
  readonly high: number;
}

export interface Line {
  readonly label: string;
  readonly points: readonly Point[];
  /** The points at which a seed ended early. */
  readonly crosses?: readonly { readonly x: number; readonly y: number }[];
}

export interface Panel {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** All variants, in the order of their colours and dashes. */
  readonly order: readonly string[];
  /** Vertical range, for panels that should be comparable; by default the range of the lines. */
  readonly extent?: readonly [number, number] | undefined;
  /** What the values of a line are: "mean" or "median". */
  readonly centre: string;
  /** About how many points of a line tell their values. */
  readonly told: number;
}

/** With more lines, each cannot be followed, and colours would repeat. */
const MOST_LINES = 8;

/** Lines of a panel where they are divided. */
const EACH = 6;

/** A panel of lines with bands; several, with one range of values, if there are too many lines for one. */
export function panels(given: Panel): Markup[] {
  const { lines, title, y } = given;
  if (lines.length <= MOST_LINES) return [panel(given)];
  const extent = given.extent ?? extentOf(lines, y);
  const count = Math.ceil(lines.length / EACH);
  const each = Math.ceil(lines.length / count);
  return Array.from({ length: count }, (_, part) =>
    panel({
      ...given,
      title: `${title} (${part + 1} of ${count})`,
      lines: lines.slice(part * each, (part + 1) * each),
      extent,
    }),
  );
}

function panel(given: Panel): Markup {
  const { title, x, y, lines, told } = given;
  const file = fileName(y.label, title);
  const named = `${y.label}, ${title}`;
  return html`<figure class="panel">
    ${{ markup: drawn(given, "auto", told) }}
    ${downloads(named, [
      { file: `${file}.svg`, type: "image/svg+xml", text: drawn(given, "light", 0) },
      { file: `${file}.csv`, type: "text/csv", text: valuesOf(given, x, lines) },
    ])}
  </figure>`;
}

function drawn({ title, x, y, lines, order, extent }: Panel, theme: Theme, told: number): string {
  const { log, ...plain } = x;
  const positive = lines.every((line) => line.points.every((point) => point.x > 0));
  const data: LineData = {
    x: { ...plain, ...(log === true && positive && { log }), values: [] },
    y,
    lines: Object.fromEntries(
      lines.map(({ label, points: given }) => {
        const points = increasing(given);
        return [
          label,
          {
            x: points.map((point) => point.x),
            values: points.map((point) => point.centre),
            low: points.map((point) => point.low),
            high: points.map((point) => point.high),
          },
        ];
      }),
    ),
    crosses: Object.fromEntries(lines.map(({ label, crosses = [] }) => [label, crosses])),
  };
  const description = `${y.label} over ${x.label}. ${lines.map(spoken).join("; ")}.`;
  const wide = extent === undefined || y.log === true ? extent : roundExtent(extent);
  const options = { title, description, width: 420, height: 290, theme, order, told };
  return lineFigure(data, wide === undefined || wide[0] >= wide[1] ? options : { ...options, extent: wide });
}

/** Ends at ticks, as the axis of a single panel has. */
function roundExtent([low, high]: readonly [number, number]): [number, number] {
  const values = linearScale(low, high, [0, 1]).ticks.map(({ value }) => value);
  return [Math.min(low, ...values), Math.max(high, ...values)];
}

/** The points in the order of the axis, one for each place. A trial may give its series in any order. */
function increasing(points: readonly Point[]): Point[] {
  const sorted = points.filter(({ x }) => Number.isFinite(x)).sort((a, b) => a.x - b.x);
  return sorted.filter(({ x }, index) => x !== sorted[index - 1]?.x);
}

/** What a line shows, for those who hear it. */
function spoken({ label, points, crosses = [] }: Line): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return `${label}: no values`;
  const { low, high } = extremes(points.map(({ centre }) => centre));
  const ended = crosses.length === 0 ? "" : `, with ${crosses.length} ended early`;
  return `${label}: from ${formatNumber(first.centre)} to ${formatNumber(last.centre)}, lowest ${formatNumber(low)}, highest ${formatNumber(high)}${ended}`;
}

function valuesOf({ centre }: Panel, x: Axis, lines: readonly Line[]): string {
  const rows = lines.flatMap(({ label, points }) =>
    points.map((point) => [label, point.x, ...[point.centre, point.low, point.high].map(short)]),
  );
  return csv(["variant", x.label, centre, "lowest", "highest"], rows);
}

/** Six digits are more than can be seen. */
const short = (value: number): number => Number(value.toPrecision(6));

/** Lowest and highest value that the axis can show; undefined if there is none. */
export function extentOf(lines: readonly Line[], y: Axis): [number, number] | undefined {
  const values = lines
    .flatMap((line) => line.points.flatMap((point) => [point.low, point.centre, point.high]))
    .filter((value) => Number.isFinite(value) && (y.log !== true || value > 0));
  if (values.length === 0) return undefined;
  const { low, high } = extremes(values);
  return [low, high];
}
