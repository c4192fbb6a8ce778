/**
 * An SVG `width` by `height` pixels. It is hidden from assistive technology, so the element around it must have a
 * label. The parts come from this program only, so nothing is escaped.
 */
export function svg(width: number, height: number, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true">${parts.join("")}</svg>`;
}

/** Rounds to a tenth of a pixel. */
export function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
