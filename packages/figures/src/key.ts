import { element, type Markup } from "./markup.ts";
import { fitted, textWidth } from "./text.ts";

/** A name, and how it is drawn: within 22 × 12 pixels around the given centre. */
export interface KeyItem {
  readonly label: string;
  /** Index of its colour. */
  readonly colour: number;
  sample(x: number, y: number): Markup;
}

const SAMPLE = 22;
const LINE = 18;

/** The names above a plot, in as many lines as they need. */
export function keyOf(
  items: readonly KeyItem[],
  width: number,
  top: number,
): { readonly body: Markup[]; readonly height: number } {
  let [x, line] = [12, 0];
  const body = items.map(({ label, colour, sample }) => {
    const text = fitted(label, width - 2 * 12 - SAMPLE - 6);
    const needed = SAMPLE + 6 + textWidth(text);
    if (x > 12 && x + needed > width - 12) [x, line] = [12, line + 1];
    const y = top + line * LINE + 6;
    const item = element(
      "g",
      { class: `c${colour}` },
      sample(x + SAMPLE / 2, y),
      element("text", { x: x + SAMPLE + 6, y: y + 4 }, text),
    );
    x += needed + 16;
    return item;
  });
  return { body, height: items.length === 0 ? 0 : (line + 1) * LINE + 6 };
}
