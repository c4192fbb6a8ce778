/** A column of a text table. If the terminal is too narrow, columns with the lowest `keep` are dropped first. */
export interface Column<T> {
  readonly title: string;
  readonly align: "left" | "right";
  readonly keep: number;
  /** Maximum width of a cell; longer text is cut with an ellipsis. */
  readonly most?: number;
  cell(row: T): string;
}

const GAP = 2;

/** The lines of a table that is at most `width` wide, with aligned columns and without wrapping. */
export function layTable<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): string[] {
  let kept = columns.map((column) => {
    const cells = rows.map((row) => cut(column.cell(row), column.most ?? 40));
    return { column, cells, width: Math.max(column.title.length, ...cells.map((cell) => cell.length)) };
  });
  const total = (): number => kept.reduce((sum, { width: own }) => sum + own, 0) + GAP * (kept.length - 1);
  while (total() > width && kept.length > 1) {
    const least = Math.min(...kept.map(({ column }) => column.keep));
    kept = kept.filter(({ column }) => column.keep !== least);
  }
  const line = (cellOf: (entry: (typeof kept)[number]) => string): string =>
    cut(
      kept
        .map((entry) =>
          entry.column.align === "left" ? cellOf(entry).padEnd(entry.width) : cellOf(entry).padStart(entry.width),
        )
        .join(" ".repeat(GAP))
        .trimEnd(),
      width,
    );
  return [line(({ column }) => column.title), ...rows.map((_, index) => line(({ cells }) => cells[index] ?? ""))];
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

/** A short form of a live number: four digits, or an exponent. */
export function shortNumber(value: number | undefined): string {
  if (value === undefined) return "";
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1);
  if (size >= 1000) return String(Math.round(value));
  return value.toPrecision(4);
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
