import { element, pixels, type Content, type Markup } from "./markup.ts";
import { fitted, textWidth } from "./text.ts";

/** The rectangle in which values are drawn. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A mark on an axis. */
export interface Mark {
  readonly place: number;
  readonly label: string;
}

/** Room for tick labels and the axis' text below a plot. */
export const BELOW = 44;

/** Where a plot ends. It has some width and height, whatever stands around it. */
export const endOf = (start: number, end: number): number => Math.max(start + 24, end);

/** Room above a plot. */
export const topOf = (title: string | undefined): number => (title === undefined ? 12 : 32);

/** Room left of a plot for these tick labels and the axis' text, which an empty text does without. */
export function leftOf(labels: readonly string[], text: string): number {
  return Math.ceil(Math.max(0, ...labels.map((label) => textWidth(label))) + 10 + (text === "" ? 6 : 22));
}

/**
 * The horizontal axis: a line, ticks, and its text in the middle below. Labels that would overlap are left out, or, with
 * `slant` pixels of room for them, slanted.
 */
export function horizontalAxis(box: Box, text: string, marks: readonly Mark[], width: number, slant = 0): Markup[] {
  // A long text may be wider than the plot.
  const half = textWidth(text) / 2;
  const centre = Math.max(Math.min((box.left + box.right) / 2, width - 8 - half), 8 + half);
  const ticks = marks.map(({ place }) => `M${pixels(place)},${pixels(box.bottom)}v4`).join("");
  return [
    element("path", { class: "base", d: `M${pixels(box.left)},${pixels(box.bottom)}H${pixels(box.right)}${ticks}` }),
    ...(slant > 0 ? slanted(marks, box.bottom) : level(marks, box.bottom)),
    element(
      "text",
      {
        x: 2 * half > width - 16 ? width / 2 : centre,
        y: box.bottom + 36 + (slant > 0 ? slant - 17 : 0),
        "text-anchor": "middle",
      },
      fitted(text, width - 16),
    ),
  ];
}

function level(marks: readonly Mark[], bottom: number): Markup[] {
  let end = Number.NEGATIVE_INFINITY;
  return marks.flatMap(({ place, label }) => {
    const half = textWidth(label) / 2;
    if (place - half < end + 6) return [];
    end = place + half;
    return [element("text", { x: place, y: bottom + 17, "text-anchor": "middle" }, label)];
  });
}

/** Labels that end at their ticks, rising by 35 degrees. Those too near to another one are left out. */
function slanted(marks: readonly Mark[], bottom: number): Markup[] {
  let last = Number.NEGATIVE_INFINITY;
  return marks.flatMap(({ place, label }) => {
    if (place - last < 22) return [];
    last = place;
    const transform = `translate(${pixels(place + 3)} ${pixels(bottom + 14)}) rotate(-35)`;
    return [element("text", { transform, "text-anchor": "end" }, label)];
  });
}

/** The vertical axis: labels, lines across the plot, and its text turned by a quarter. */
export function verticalAxis(box: Box, text: string, marks: readonly Mark[], grid = true): Markup[] {
  // A text longer than the plot goes on downwards, where there are no labels.
  const written = fitted(text, Math.max(60, box.bottom - box.top + BELOW - 8));
  const middle = Math.max((box.top + box.bottom) / 2, box.top + textWidth(written) / 2 - 6);
  return [
    grid &&
      element("path", {
        class: "grid",
        d: marks.map(({ place }) => `M${pixels(box.left)},${pixels(place)}H${pixels(box.right)}`).join(""),
      }),
    ...marks.map(({ place, label }) => element("text", { x: box.left - 7, y: place + 4, "text-anchor": "end" }, label)),
    text !== "" &&
      element("text", { transform: `translate(15 ${pixels(middle)}) rotate(-90)`, "text-anchor": "middle" }, written),
  ].filter((part) => part !== false);
}

/** Contents that are cut off outside the box, but for half a line or marker. An inner `svg` does this without an id. */
export function within({ left, right, top, bottom }: Box, ...contents: readonly Content[]): Markup {
  const [x, y, width, height] = [left - 5, top - 5, right - left + 10, bottom - top + 10];
  const viewBox = [x, y, width, height].map(pixels).join(" ");
  return element("svg", { x, y, width, height, viewBox }, ...contents);
}

/** What a figure without values says. */
export function nothing(box: Box): Markup {
  return element(
    "text",
    { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2, "text-anchor": "middle" },
    "no values",
  );
}
