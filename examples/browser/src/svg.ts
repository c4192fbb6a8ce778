/**
 * An SVG of that size in pixels, for an element that says in words what it shows. Parts hold numbers and words of this
 * program, so nothing is escaped.
 */
export function svg(width: number, height: number, parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-hidden="true">${parts.join("")}</svg>`;
}

/** To a tenth of a pixel. */
export function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
