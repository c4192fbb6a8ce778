import type { Box } from "./axes.ts";
import type { ValueRamp } from "./colour-bar.ts";
import { element, pixels, type Markup } from "./markup.ts";
import { formatNumber } from "./numbers.ts";
import type { Axis } from "./options.ts";
import { textWidth } from "./text.ts";

/** Figures with at most as many cells tell the value of each under a pointer. */
const MOST_TOLD = 3000;

/** Figures with at most as many cells may print their values. */
const MOST_PRINTED = 400;

interface NamedAxis {
  readonly label: string;
  readonly names?: ArrayLike<string | number>;
}

interface CellOptions {
  readonly box: Box;
  readonly ramp: ValueRamp;
  readonly value: Axis;
  readonly x: NamedAxis;
  readonly y: NamedAxis;
  /** How many columns each column that is drawn stands for. */
  readonly joined: number;
  readonly numbers: boolean | undefined;
}

/** The cells of a heat map, and a frame around them. */
export function drawnCells(rows: readonly ArrayLike<number>[], options: CellOptions): Markup[] {
  const { box, ramp, numbers } = options;
  const columns = rows[0]?.length ?? 0;
  const [width, height] = [(box.right - box.left) / columns, (box.bottom - box.top) / rows.length];
  const texts = rows.map((row) => Array.from(row, printed));
  const fits = rows.length * columns <= MOST_PRINTED && height >= 15 && widest(texts) + 6 <= width;
  const told = rows.length * columns <= MOST_TOLD;
  const at = (row: number, column: number): Place => ({
    x: box.left + column * width,
    y: box.top + row * height,
    width,
    height,
  });
  const cells = rows.map((row, index) =>
    told
      ? Array.from(row, (value, column) =>
          Number.isFinite(value)
            ? [
                cell(at(index, column), ramp, value, tell(value, index, column, options)),
                (numbers ?? fits) && label(at(index, column), texts[index]?.[column] ?? ""),
              ]
            : [],
        )
      : runsOf(row, ramp).map(({ start, end, value }) =>
          cell({ ...at(index, start), width: (end - start) * width }, ramp, value),
        ),
  );
  const frame = `M${pixels(box.left)},${pixels(box.top)}H${pixels(box.right)}V${pixels(box.bottom)}H${pixels(box.left)}Z`;
  return [
    element("g", { "shape-rendering": numbers ?? fits ? undefined : "crispEdges" }, ...cells),
    ...minusSigns(rows, at, !(numbers ?? fits) && ramp.prefix === "d"),
    ...hatching(rows, at),
    element("path", { class: "base", d: frame }),
  ];
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function cell({ x, y, width, height }: Place, ramp: ValueRamp, value: number, text?: string): Markup {
  return element(
    "rect",
    { class: `${ramp.prefix}${ramp.level(value)}`, x, y, width: width + 0.1, height: height + 0.1 },
    text !== undefined && element("title", {}, text),
  );
}

function label({ x, y, width, height }: Place, text: string): Markup {
  return element("text", { x: x + width / 2, y: y + height / 2 + 4, "text-anchor": "middle", "pointer-events": "none" }, text);
}

/** Two significant digits. */
function printed(value: number): string {
  if (!Number.isFinite(value)) return "";
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.005 || size >= 10000)) return formatNumber(value);
  return formatNumber(value, size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

function widest(texts: readonly (readonly string[])[]): number {
  let width = 0;
  for (const row of texts) for (const text of row) width = Math.max(width, textWidth(text));
  return width;
}

/** Neighbours with the same colour, as one. */
function runsOf(row: ArrayLike<number>, ramp: ValueRamp): { start: number; end: number; value: number }[] {
  const runs: { start: number; end: number; value: number; level: number }[] = [];
  for (let column = 0; column < row.length; column += 1) {
    const value = row[column] ?? Number.NaN;
    if (!Number.isFinite(value)) continue;
    const level = ramp.level(value);
    const last = runs.at(-1);
    if (last !== undefined && last.end === column && last.level === level) last.end = column + 1;
    else runs.push({ start: column, end: column + 1, value, level });
  }
  return runs;
}

/**
 * A minus sign in every negative cell that is large enough, and not near zero: without colour, the two halves of a
 * diverging palette look alike.
 */
function minusSigns(
  rows: readonly ArrayLike<number>[],
  at: (row: number, column: number) => Place,
  wanted: boolean,
): Markup[] {
  const { width, height } = at(0, 0);
  if (!wanted || !(width >= 7 && height >= 7)) return [];
  let largest = 0;
  for (const row of rows) for (const value of Array.from(row)) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  const half = Math.min(4, width * 0.3);
  const signs = rows.flatMap((row, index) =>
    Array.from(row, (value, column) => {
      if (!(value < -0.1 * largest)) return "";
      const { x, y } = at(index, column);
      return `M${pixels(x + width / 2 - half)},${pixels(y + height / 2)}h${pixels(2 * half)}`;
    }),
  );
  const d = signs.join("");
  return d === "" ? [] : [element("path", { class: "minus", d, "pointer-events": "none" })];
}

/** Slanted lines across every stretch of missing cells. */
function hatching(rows: readonly ArrayLike<number>[], at: (row: number, column: number) => Place): Markup[] {
  const lines: string[] = [];
  rows.forEach((row, index) => {
    for (const { start, end } of missingOf(row)) {
      const { x, y, width: cellWidth, height } = at(index, start);
      const width = cellWidth * (end - start);
      for (let from = 0; from < width; from += 6) {
        const along = Math.min(width - from, height);
        lines.push(`M${pixels(x + from)},${pixels(y + height)}l${pixels(along)},${pixels(-along)}`);
      }
    }
  });
  if (lines.length === 0) return [];
  return [element("path", { class: "missing", d: lines.join("") }, element("title", {}, "missing"))];
}

function missingOf(row: ArrayLike<number>): { start: number; end: number }[] {
  const runs: { start: number; end: number }[] = [];
  for (let column = 0; column < row.length; column += 1) {
    if (Number.isFinite(row[column])) continue;
    const last = runs.at(-1);
    if (last !== undefined && last.end === column) last.end = column + 1;
    else runs.push({ start: column, end: column + 1 });
  }
  return runs;
}

function tell(value: number, row: number, column: number, { value: { unit }, x, y, joined }: CellOptions): string {
  const number = unit === undefined ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
  const first = column * joined;
  const across = x.names?.[first] ?? first;
  return `${number}; ${y.label} ${y.names?.[row] ?? row}, ${x.label} ${across}`;
}
