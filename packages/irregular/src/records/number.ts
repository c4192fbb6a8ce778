/** What stands before the digits after the point. */
export type DecimalMark = "." | ",";

const patterns: Readonly<Record<DecimalMark, RegExp>> = {
  ".": /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i,
  ",": /^[+-]?(\d+,?\d*|,\d+)(e[+-]?\d+)?$/i,
};

/**
 * The finite number that a text or a number is, or undefined. Only decimal notation: `Number()` alone would also take
 * "", "0x10", "0b1" and "Infinity". A zero has no sign, so that equal values have equal bits.
 */
export function finiteNumber(given: unknown, decimal: DecimalMark = "."): number | undefined {
  const number =
    typeof given === "string" && patterns[decimal].test(given.trim()) ? Number(given.replace(decimal, ".")) : given;
  return typeof number === "number" && Number.isFinite(number) ? number + 0 : undefined;
}
