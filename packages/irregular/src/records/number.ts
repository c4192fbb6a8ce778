/**
 * The finite number that a text or a number is, or undefined. Only decimal notation: `Number()` alone would also take
 * "", "0x10", "0b1" and "Infinity". A zero has no sign, so that equal values have equal bits.
 */
export function finiteNumber(given: unknown): number | undefined {
  const number =
    typeof given === "string" && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(given.trim()) ? Number(given) : given;
  return typeof number === "number" && Number.isFinite(number) ? number + 0 : undefined;
}
