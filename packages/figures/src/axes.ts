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

/** Room above a plot. */
export const topOf = (title: string | undefined): number => (title === undefined ? 12 : 32);

/** Room left of a plot for these tick labels and the axis' text, which an empty text does without. */
export function leftOf(labels: readonly string[], text: string): number {
  return Math.ceil(Math.max(0, ...labels.map((label) => textWidth(label))) + 10 + (text === "" ? 6 : 22));
}

/** The horizontal axis: a line, ticks, and its text in the middle below. Labels that would overlap are left out. */
export function horizontalAxis(box: Box, text: string, marks: readonly Mark[], width: number): Markup[] {
  let end = Number.NEGATIVE_INFINITY;
  const labelled = marks.filter(({ place, label }) => {
    const half = textWidth(label) / 2;
    if (place - half < end + 6 && end > Number.NEGATIVE_INFINITY) return false;
    end = place + half;
    return true;
  });
  const middle = (box.left + box.right) / 2;
  // A long text may be wider than the plot.
  const half = textWidth(text) / 2;
  const centre = Math.max(Math.min(middle, width - 8 - half), 8 + half);
  return [
    element("path", {
      class: "base",
      d: `M${pixels(box.left)},${pixels(box.bottom)}H${pixels(box.right)}${marks.map(({ place }) => `M${pixels(place)},${pixels(box.bottom)}v4`).join("")}`,
    }),
    ...labelled.map(({ place, label }) =>
      element("text", { x: place, y: box.bottom + 17, "text-anchor": "middle" }, label),
    ),
    element(
      "text",
      { x: 2 * half > width - 16 ? width / 2 : centre, y: box.bottom + 36, "text-anchor": "middle" },
      fitted(text, width - 16),
    ),
  ];
}

/** The vertical axis: labels, lines across the plot, and its text turned by a quarter. */
export function verticalAxis(box: Box, text: string, marks: readonly Mark[], grid = true): Markup[] {
  return [
    grid &&
      element("path", {
        class: "grid",
        d: marks.map(({ place }) => `M${pixels(box.left)},${pixels(place)}H${pixels(box.right)}`).join(""),
      }),
    ...marks.map(({ place, label }) => element("text", { x: box.left - 7, y: place + 4, "text-anchor": "end" }, label)),
    text !== "" &&
      element(
        "text",
        {
          transform: `translate(15 ${pixels((box.top + box.bottom) / 2)}) rotate(-90)`,
          "text-anchor": "middle",
        },
        fitted(text, Math.max(60, box.bottom - box.top)),
      ),
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
