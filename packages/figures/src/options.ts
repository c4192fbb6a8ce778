import { TensorError } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { themes, type Theme } from "./style.ts";

/** An axis of a figure. */
export interface Axis {
  readonly label: string;
  readonly unit?: string;
  /** Logarithmic axis. Values that are not above zero are left out of the figure. */
  readonly log?: boolean;
}

/** Options of every figure. */
export interface FigureOptions {
  /** The heading. Default: none. */
  readonly title?: string;
  /** What there is to see, for readers who hear the figure. Default: made of the names of axes and values. */
  readonly description?: string;
  /** Pixels, 160 to 4000. Default 640. A page may show the figure smaller. */
  readonly width?: number;
  /** Pixels, 120 to 20000. The default depends on the figure. */
  readonly height?: number;
  /** Default `auto`: one file for light and dark pages. */
  readonly theme?: Theme;
}

const known = ["title", "description", "width", "height", "theme"];

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Checks what every figure takes, and returns its size. */
export function checkFigure(
  operation: string,
  options: FigureOptions,
  { own = [], height: usual }: { readonly own?: readonly string[]; readonly height: number },
): Size {
  checkOptions(operation, options, [...known, ...own]);
  const { width = 640, height = usual, theme = "auto" } = options;
  checkPixels(operation, "width", width, [160, 4000]);
  checkPixels(operation, "height", height, [120, 20000]);
  if (!themes.includes(theme))
    throw new TensorError(`${operation}: theme must be one of ${themes.join(", ")}, got ${shown(theme)}`);
  for (const name of ["title", "description"] as const)
    if (options[name] !== undefined && typeof options[name] !== "string")
      throw new TensorError(`${operation}: ${name} must be a text, got ${shown(options[name])}`);
  return { width, height };
}

function checkPixels(operation: string, name: string, value: number, [least, most]: readonly [number, number]): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new TensorError(`${operation}: ${name} must be whole pixels from ${least} to ${most}, got ${shown(value)}`);
}

/** The label with its unit. */
export function axisText({ label, unit }: Axis): string {
  return unit === undefined ? label : `${label} (${unit})`;
}

/** Checks an axis, and that its label is a text: it is what the figure says that its numbers are. */
export function checkAxis(operation: string, name: string, axis: Axis): void {
  if (typeof axis === "object" && axis !== null && typeof axis.label === "string") return;
  throw new TensorError(`${operation}: ${name} must be an axis such as { label: "step" }, got ${shown(axis)}`);
}

/** Checks the ends of an axis. */
export function checkExtent(operation: string, extent: readonly [number, number] | undefined): void {
  if (extent === undefined) return;
  const [low, high] = extent;
  if (Number.isFinite(low) && Number.isFinite(high) && low < high) return;
  throw new TensorError(`${operation}: extent must be [low, high] with low < high, got ${shown(extent)}`);
}

/** Checks that a list has one value for each of another. */
export function checkCount(operation: string, what: string, list: ArrayLike<unknown>, count: number): void {
  if (list.length !== count)
    throw new TensorError(`${operation}: ${what} has ${list.length} values, expected ${count}`);
}
