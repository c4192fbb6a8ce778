import { series } from "./palette.ts";
import { element, pixels, type Markup } from "./markup.ts";

/** Index into the palette for the n-th name. */
export const colourOf = (index: number): number => index % series.length;

/** Dashes of lines. With more lines than colours, the dashes still differ between lines of one colour. */
const dashes = [undefined, "7 3", "2 3", "10 3 2 3", "4 2"] as const;

/** The dashes of the n-th line, as of `stroke-dasharray`; undefined for a solid one. */
export const dashOf = (index: number): string | undefined => dashes[index % dashes.length];

/** The most lines that differ in colour or dashes. */
export const MOST_LINES = series.length * dashes.length;

/** The outlines of eight markers around 0, each with about the same area. */
const markers = [
  (r: number) => `m${-r},0a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0z`,
  (r: number) => `m${-0.9 * r},${-0.9 * r}h${1.8 * r}v${1.8 * r}h${-1.8 * r}z`,
  (r: number) => `m0,${-1.25 * r}l${1.15 * r},${2 * r}h${-2.3 * r}z`,
  (r: number) => `m0,${-1.3 * r}l${1.2 * r},${1.3 * r}l${-1.2 * r},${1.3 * r}l${-1.2 * r},${-1.3 * r}z`,
  (r: number) => `m0,${1.25 * r}l${1.15 * r},${-2 * r}h${-2.3 * r}z`,
  (r: number) =>
    `m${-0.4 * r},${-1.2 * r}h${0.8 * r}v${0.8 * r}h${0.8 * r}v${0.8 * r}h${-0.8 * r}v${0.8 * r}h${-0.8 * r}v${-0.8 * r}h${-0.8 * r}v${-0.8 * r}h${0.8 * r}z`,
  (r: number) => `m${-1.2 * r},${-0.6 * r}h${2.4 * r}v${1.2 * r}h${-2.4 * r}z`,
  (r: number) => `m${-0.6 * r},${-1.2 * r}h${1.2 * r}v${2.4 * r}h${-1.2 * r}z`,
];

/** A marker of the n-th kind. Its contents are the text that a pointer over it shows. */
export function marker(
  index: number,
  [x, y]: readonly [number, number],
  { radius = 3.4, filled = true }: { readonly radius?: number; readonly filled?: boolean } = {},
  text?: string,
): Markup {
  const outline = (markers[index % markers.length] ?? markers[0])?.(radius) ?? "";
  const rounded = outline.replaceAll(/-?\d+\.\d+/g, (number) => pixels(Number(number)));
  return element(
    "path",
    { class: filled ? "dot halo" : "open", d: `M${pixels(x)},${pixels(y)}${rounded}` },
    text !== undefined && element("title", {}, text),
  );
}
