import type { Box } from "./axes.ts";
import type { ValueRamp } from "./colour-bar.ts";
import { element, pixels, type Markup } from "./markup.ts";
import { formatNumber } from "./numbers.ts";
import type { Axis } from "./options.ts";
import { LEVELS } from "./palette.ts";
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

/** The cells of a heat map, a frame around them, and whether values are printed into them. */
export function drawnCells(
  rows: readonly ArrayLike<number>[],
  options: CellOptions,
): { readonly body: Markup[]; readonly printed: boolean } {
  const { box, ramp, numbers } = options;
  const columns = rows[0]?.length ?? 0;
  const [width, height] = [(box.right - box.left) / columns, (box.bottom - box.top) / rows.length];
  const count = rows.length * columns;
  const texts = count > MOST_TOLD ? [] : rows.map((row) => Array.from(row, valueText));
  const fits = count <= MOST_PRINTED && height >= 15 && widest(texts) + 6 <= width;
  const printed = (numbers ?? fits) && count <= MOST_TOLD;
  const at = (row: number, column: number): Place => ({
    x: box.left + column * width,
    y: box.top + row * height,
    width,
    height,
  });
  const cells =
    count > MOST_TOLD
      ? levelPaths(rows, at, ramp)
      : rows.map((row, index) =>
          Array.from(row, (value, column) =>
            Number.isFinite(value)
              ? [
                  cell(at(index, column), ramp, value, tell(value, index, column, options)),
                  printed && label(at(index, column), texts[index]?.[column] ?? ""),
                ]
              : [],
          ),
        );
  const frame = `M${pixels(box.left)},${pixels(box.top)}H${pixels(box.right)}V${pixels(box.bottom)}H${pixels(box.left)}Z`;
  const body = [
    element("g", { "shape-rendering": printed ? undefined : "crispEdges" }, ...cells),
    ...minusSigns(rows, at, !printed && ramp.prefix === "d"),
    ...hatching(rows, at),
    element("path", { class: "base", d: frame }),
  ];
  return { body, printed };
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function cell({ x, y, width, height }: Place, ramp: ValueRamp, value: number, text: string): Markup {
  return element(
    "rect",
    { class: `${ramp.prefix}${ramp.level(value)}`, x, y, width: width + 0.1, height: height + 0.1 },
    element("title", {}, text),
  );
}

function label({ x, y, width, height }: Place, text: string): Markup {
  return element(
    "text",
    { x: x + width / 2, y: y + height / 2 + 4, "text-anchor": "middle", "pointer-events": "none" },
    text,
  );
}

/** Two significant digits. */
function valueText(value: number): string {
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

/** All cells of one level as one path, in which neighbours are joined. */
function levelPaths(
  rows: readonly ArrayLike<number>[],
  at: (row: number, column: number) => Place,
  ramp: ValueRamp,
): Markup[] {
  const paths = Array.from({ length: LEVELS }, (): string[] => []);
  rows.forEach((row, index) => {
    for (const { start, end, key } of stretches(row, (value) => (Number.isFinite(value) ? ramp.level(value) : null))) {
      const { x, y, width, height } = at(index, start);
      const across = pixels(width * (end - start) + 0.1);
      paths[key]?.push(`M${pixels(x)},${pixels(y)}h${across}v${pixels(height + 0.1)}h-${across}z`);
    }
  });
  return paths.flatMap((parts, level) =>
    parts.length === 0 ? [] : [element("path", { class: `${ramp.prefix}${level}`, d: parts.join("") })],
  );
}

/** Neighbours with the same key, without those that have none. */
function stretches(
  row: ArrayLike<number>,
  keyOf: (value: number) => number | null,
): { start: number; end: number; key: number }[] {
  const found: { start: number; end: number; key: number }[] = [];
  for (let column = 0; column < row.length; column += 1) {
    const key = keyOf(row[column] ?? Number.NaN);
    if (key === null) continue;
    const last = found.at(-1);
    if (last !== undefined && last.end === column && last.key === key) last.end = column + 1;
    else found.push({ start: column, end: column + 1, key });
  }
  return found;
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
  for (const row of rows)
    for (const value of Array.from(row)) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  const half = Math.min(3, width * 0.22);
  const signs = rows.flatMap((row, index) =>
    Array.from(row, (value, column) => {
      if (!(value < -0.2 * largest)) return "";
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
    for (const { start, end } of stretches(row, (value) => (Number.isFinite(value) ? null : 0))) {
      const { x, y, width: cellWidth, height } = at(index, start);
      const width = cellWidth * (end - start);
      for (let shift = -height + 3; shift < width; shift += 6) {
        // Along a line, the distance from the left is the distance from below and `shift`.
        const [from, to] = [Math.max(0, -shift), Math.min(height, width - shift)];
        lines.push(
          `M${pixels(x + shift + from)},${pixels(y + height - from)}l${pixels(to - from)},${pixels(from - to)}`,
        );
      }
    }
  });
  if (lines.length === 0) return [];
  return [element("path", { class: "missing", d: lines.join("") }, element("title", {}, "missing"))];
}

function tell(value: number, row: number, column: number, { value: { unit }, x, y, joined }: CellOptions): string {
  const number = unit === undefined ? formatNumber(value) : `${formatNumber(value)} ${unit}`;
  const first = column * joined;
  const across = x.names?.[first] ?? first;
  return `${number}; ${y.label} ${y.names?.[row] ?? row}, ${x.label} ${across}`;
}
