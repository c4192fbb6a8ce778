import { TensorError } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { svgOf } from "./drawing.ts";
import { element } from "./markup.ts";
import { styleOf, themes, type Theme } from "./style.ts";

/** Options of {@link figureGrid}. */
export interface GridOptions {
  /** The heading above all figures. Default: none. */
  readonly title?: string;
  /** What there is to see, for readers who hear the figure. Default: the titles of all figures. */
  readonly description?: string;
  /** How many figures stand side by side. Default: 2, or 1 for a single figure. */
  readonly columns?: number;
  /** Pixels between figures. Default 12. */
  readonly gap?: number;
}

const outer =
  /^<svg xmlns="[^"]*" class="sluice-figure sluice-(auto|light|dark)" viewBox="0 0 (\d+) (\d+)" width="\d+" height="\d+"/;

/**
 * Figures of this package side by side, as one SVG: small multiples. Figures that should be comparable need the same
 * `extent`. Each column is as wide as its widest figure, each row as high as its highest.
 *
 * Throws a TensorError if there are no figures, if a text is not a figure, or if their themes differ.
 */
export function figureGrid(figures: readonly string[], options: GridOptions = {}): string {
  checkOptions("figureGrid", options, ["title", "description", "columns", "gap"]);
  const { title, columns = Math.min(2, figures.length), gap = 12 } = options;
  if (figures.length === 0) throw new TensorError("figureGrid: expected at least one figure");
  if (!Number.isInteger(columns) || columns < 1)
    throw new TensorError(`figureGrid: columns must be a whole number from 1, got ${shown(columns)}`);
  if (!(gap >= 0 && gap <= 1000)) throw new TensorError(`figureGrid: gap must be 0 to 1000 pixels, got ${shown(gap)}`);
  const parts = figures.map(partOf);
  const theme = parts[0]?.theme ?? "auto";
  const other = parts.find((part) => part.theme !== theme);
  if (other !== undefined)
    throw new TensorError(
      `figureGrid: figures of the themes ${theme} and ${other.theme}; give all of them the same theme`,
    );
  const widths = Array.from({ length: Math.min(columns, parts.length) }, (_, column) =>
    Math.max(...parts.filter((_, index) => index % columns === column).map(({ width }) => width)),
  );
  const heights = Array.from({ length: Math.ceil(parts.length / columns) }, (_, row) =>
    Math.max(...parts.slice(row * columns, (row + 1) * columns).map(({ height }) => height)),
  );
  const top = title === undefined ? 0 : 30;
  const before = (sizes: readonly number[], index: number): number =>
    sizes.slice(0, index).reduce((sum, size) => sum + size + gap, 0);
  const width = before(widths, widths.length) - gap;
  const height = top + before(heights, heights.length) - gap;
  const description = options.description ?? parts.map(({ name }) => name).join("; ");
  const common = styleOf(theme);
  const styles = new Set(parts.map(({ style }) => style.replace(common, "")));
  const body = parts.map(({ inner, ...part }, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns];
    const [x, y] = [before(widths, column), top + before(heights, row)];
    const attributes = { x, y, width: part.width, height: part.height, role: "img", "aria-label": part.name };
    return element("svg", attributes, { markup: inner });
  });
  return svgOf({ width, height, title, description, body, style: [...styles].join(""), role: "group" }, theme);
}

interface Part {
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
  readonly name: string;
  readonly style: string;
  readonly inner: string;
}

/** A figure in its parts. Its style is written once, for all figures. */
function partOf(figure: string, index: number): Part {
  const found = outer.exec(figure);
  const style = /<style>(.*?)<\/style>/s.exec(figure);
  if (found === null || style === null || !figure.endsWith("</svg>"))
    throw new TensorError(`figureGrid: text ${index} is not a figure of this package, got ${shown(figure)}`);
  const inner = figure.slice(figure.indexOf(">") + 1, -"</svg>".length);
  return {
    width: Number(found[2]),
    height: Number(found[3]),
    theme: themes.find((theme) => theme === found[1]) ?? "auto",
    name: unescaped(/<title>(.*?)<\/title>/s.exec(figure)?.[1] ?? ""),
    style: style[1] ?? "",
    inner: inner.replace(style[0], ""),
  };
}

function unescaped(text: string): string {
  const characters: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };
  return text.replaceAll(/&(lt|gt|quot|#39|amp);/g, (whole, name: string) => characters[name] ?? whole);
}
