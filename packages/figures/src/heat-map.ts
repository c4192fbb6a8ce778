import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { BELOW, endOf, horizontalAxis, leftOf, nothing, topOf, verticalAxis, type Box, type Mark } from "./axes.ts";
import { colourBar, rampOf } from "./colour-bar.ts";
import { svgOf, type Drawing } from "./drawing.ts";
import { rangeOf } from "./estimates.ts";
import { drawnCells } from "./heat-cells.ts";
import { axisText, checkAxis, checkCount, checkExtent, checkFigure, type Axis, type FigureOptions } from "./options.ts";
import { rampStyle } from "./style.ts";
import { fitted, textWidth } from "./text.ts";

/** The rows or the columns of a {@link heatMapFigure}. */
export interface HeatMapAxis {
  readonly label: string;
  readonly unit?: string;
  /** One for each. Default: their indices from 0. */
  readonly names?: ArrayLike<string | number>;
}

/** A matrix of values. */
export interface HeatMapData {
  /** The columns. */
  readonly x: HeatMapAxis;
  /** The rows, from above. */
  readonly y: HeatMapAxis;
  /** What the values are. */
  readonly value: Axis;
  /** Rows of equal length. NaN and infinities are missing; they are hatched. */
  readonly rows: readonly ArrayLike<number>[];
}

/** Options of {@link heatMapFigure}. The default height follows from the number of rows. */
export interface HeatMapOptions extends FigureOptions {
  /**
   * `sequential` for magnitudes, `diverging` for values of both signs: blue below zero, orange above, with a minus sign
   * in negative cells that are large enough. Default: `diverging` if a value is negative.
   */
  readonly palette?: "sequential" | "diverging";
  /** The values with the first and the last colour. Default: the range of the values; symmetric for `diverging`. */
  readonly extent?: readonly [number, number];
  /**
   * Whether to print values into the cells. Default: if there are at most 400 cells and all are large enough. Never for
   * more than 3,000.
   */
  readonly numbers?: boolean;
}

/**
 * A matrix as colours, with a colour bar, as an SVG. A pointer over a cell shows its value, for up to 3,000 cells. If
 * there are more columns than pixels, each column drawn is the mean of several, and the figure says of how many.
 *
 * Throws a TensorError if rows differ in length, or if names are not one for each.
 */
export function heatMapFigure(data: HeatMapData, options: HeatMapOptions = {}): string {
  const operation = "heatMapFigure";
  const rows = data.rows.length;
  const cells = Math.max(150, Math.min(640, rows * (rows <= 24 ? 24 : 12)));
  const { width = 640 } = options;
  const usual = cells + topOf(options.title) + belowOf(data, width);
  const size = checkFigure(operation, options, { own: ["palette", "extent", "numbers"], height: Math.ceil(usual) });
  checkExtent(operation, options.extent);
  const { palette } = options;
  if (palette !== undefined && palette !== "sequential" && palette !== "diverging")
    throw new TensorError(`${operation}: palette must be sequential or diverging, got ${shown(palette)}`);
  checkAxis(operation, "value", data.value);
  for (const [name, axis, count] of [
    ["x", data.x, data.rows[0]?.length ?? 0],
    ["y", data.y, rows],
  ] as const) {
    checkAxis(operation, name, axis);
    if (axis.names !== undefined) checkCount(operation, `${name}.names`, axis.names, count);
  }
  data.rows.forEach((row, index) => checkCount(operation, `row ${index}`, row, data.rows[0]?.length ?? 0));
  return svgOf(drawing(data, { ...options, ...size }), options.theme);
}

type Sized = HeatMapOptions & { readonly width: number; readonly height: number };

function drawing({ x, y, value, rows }: HeatMapData, options: Sized): Drawing {
  const { width, height, title, theme = "auto" } = options;
  const ramp = rampOf(rangeOf(rows.flatMap((row) => Array.from(row))), options);
  const top = topOf(title);
  const bottom = endOf(top, height - belowOf({ x, y, value, rows }, width));
  const bar = colourBar(ramp, { right: width - 10, top, bottom, text: axisText(value) });
  const rowNames = namesOf(y, rows.length).map((name) => fitted(name, Math.max(60, width * 0.3)));
  const left = leftOf(rowNames, axisText(y));
  const box: Box = { left, right: endOf(left, bar.left - 16), top, bottom };
  const columns = rows[0]?.length ?? 0;
  const joined = Math.max(1, Math.ceil(columns / Math.max(1, box.right - box.left)));
  const drawn = joined === 1 ? rows : rows.map((row) => means(row, joined));
  const below = axisText(x) + (joined === 1 ? "" : `; each column is the mean of ${joined}`);
  const cells = drawnCells(drawn, { box, ramp, value, x, y, joined, numbers: options.numbers });
  const body = [
    ...cells.body,
    ...verticalAxis(
      box,
      axisText(y),
      thinned(rowNames, [box.top, box.bottom], () => 15),
      false,
    ),
    ...horizontalAxis(box, below, columnMarks(x, columns, box), width, slantOf(x, columns, width)),
    ...(rows.length === 0 || columns === 0 ? [nothing(box)] : bar.body),
  ];
  const described = `${axisText(value)} by ${y.label} (${rows.length} rows) and ${x.label} (${columns} columns).`;
  const description = options.description ?? described;
  const style = rampStyle(theme, ramp.prefix, { ramp: ramp.colours, printed: cells.printed });
  return { width, height, title, description, body, style };
}

/** The means of so many neighbours each, of those that are numbers. */
function means(row: ArrayLike<number>, together: number): number[] {
  return Array.from({ length: Math.ceil(row.length / together) }, (_, group) => {
    let [sum, count] = [0, 0];
    for (let index = group * together; index < Math.min(row.length, (group + 1) * together); index += 1) {
      const value = row[index] ?? Number.NaN;
      if (Number.isFinite(value)) [sum, count] = [sum + value, count + 1];
    }
    return count === 0 ? Number.NaN : sum / count;
  });
}

/** The names at the middles of equal parts: all that fit, or every second, fifth, tenth, ... */
function thinned(
  names: readonly string[],
  [start, end]: readonly [number, number],
  roomFor: (name: string) => number,
): Mark[] {
  const part = (end - start) / names.length;
  const needed = Math.max(0, ...names.map(roomFor));
  let every = 1;
  for (let step = 0; every * part < needed && every < names.length; step += 1) every *= step % 3 === 1 ? 2.5 : 2;
  return names.flatMap((label, index) => (index % every === 0 ? [{ place: start + (index + 0.5) * part, label }] : []));
}

function namesOf({ names }: Pick<HeatMapAxis, "names">, count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(names?.[index] ?? index));
}

/** The most columns with names of their own, and the room for a name. */
const [MOST_NAMED, NAME_ROOM] = [40, 120];

/** Pixels below a heat map for slanted names of columns; 0 if they fit as they are, or are too many. */
function slantOf({ names }: HeatMapAxis, columns: number, width: number): number {
  if (names === undefined || columns > MOST_NAMED) return 0;
  const longest = Math.max(0, ...namesOf({ names }, columns).map((name) => textWidth(name)));
  // About a third of the width is beside the cells.
  return longest + 6 <= (width * 0.66) / columns ? 0 : 14 + Math.ceil(Math.min(longest, NAME_ROOM) * 0.58);
}

function belowOf({ x, rows }: HeatMapData, width: number): number {
  const slant = slantOf(x, rows[0]?.length ?? 0, width);
  return slant === 0 ? BELOW : BELOW + slant - 17;
}

function columnMarks(x: HeatMapAxis, columns: number, { left, right }: Box): Mark[] {
  const names = namesOf(x, columns);
  if (x.names === undefined || columns > MOST_NAMED)
    return thinned(names, [left, right], (name) => textWidth(name) + 6);
  const part = (right - left) / columns;
  return names.map((name, index) => ({ place: left + (index + 0.5) * part, label: fitted(name, NAME_ROOM) }));
}
