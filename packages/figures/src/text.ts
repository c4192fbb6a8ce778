/**
 * About how wide a text is, in pixels. Fonts differ between machines, so this is what characters take in DejaVu Sans, the
 * widest of the common ones. A figure's layout therefore has the same bytes everywhere.
 */
export function textWidth(text: string, size = 12): number {
  let width = 0;
  for (const character of text) width += widthOf(character);
  return width * size;
}

function widthOf(character: string): number {
  if ("ijlI'|".includes(character)) return 0.3;
  if ("tfr.,:;!()[]/ \u2009·-".includes(character)) return 0.4;
  if ("mwMW@%…–−×".includes(character)) return 0.95;
  if (character >= "⁰" && character <= "⁹") return 0.45;
  if (character >= "A" && character <= "Z") return 0.73;
  // Han, kana, Hangul and emoji are as wide as they are high.
  return (character.codePointAt(0) ?? 0) >= 0x2e80 ? 1.05 : 0.64;
}

/** The text, or as much of its beginning as fits, with an ellipsis. */
export function fitted(text: string, width: number, size = 12): string {
  if (textWidth(text, size) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth(`${characters.join("")}…`, size) > width) characters.pop();
  return `${characters.join("").trimEnd()}…`;
}

/** Moves labels apart that would overlap, keeping their order. They stay between `top` and `bottom` if there is room. */
export function spreadOut<T extends { readonly y: number }>(
  labels: readonly T[],
  { top, bottom, height }: { readonly top: number; readonly bottom: number; readonly height: number },
): (T & { y: number })[] {
  const sorted = [...labels].sort((a, b) => a.y - b.y).map((label) => ({ ...label, y: label.y }));
  for (let pass = 0; pass < 60; pass += 1) {
    let moved = false;
    for (let index = 1; index < sorted.length; index += 1) {
      const [above, below] = [sorted[index - 1], sorted[index]];
      if (above === undefined || below === undefined) continue;
      const overlap = height - (below.y - above.y);
      if (overlap <= 0.01) continue;
      moved = true;
      above.y -= overlap / 2;
      below.y += overlap / 2;
    }
    const last = sorted.at(-1);
    if (last !== undefined && last.y > bottom) last.y = bottom;
    const first = sorted[0];
    if (first !== undefined && first.y < top) first.y = top;
    if (!moved) break;
  }
  return sorted;
}
