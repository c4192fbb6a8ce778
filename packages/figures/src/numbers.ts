/**
 * Common logarithm to about 1e-12, which is enough to place a point. `Math.log10` may differ between engines; with this
 * function a figure has the same bytes everywhere.
 */
export function log10(value: number): number {
  if (!(value > 0) || value === Number.POSITIVE_INFINITY) return Number.NaN;
  let exponent = 0;
  let mantissa = value;
  while (mantissa >= 2) [mantissa, exponent] = [mantissa / 2, exponent + 1];
  while (mantissa < 1) [mantissa, exponent] = [mantissa * 2, exponent - 1];
  // ln m = 2 artanh((m - 1) / (m + 1)). The argument is below 1/3, so 14 terms are enough.
  const z = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  let power = z;
  for (let n = 1; n <= 27; n += 2) {
    sum += power / n;
    power *= z * z;
  }
  return exponent * 0.3010299956639812 + 2 * sum * 0.43429448190325183;
}

const SUPERSCRIPTS: Readonly<Record<string, string>> = {
  "-": "⁻",
  "0": "⁰",
  "1": "¹",
  "2": "²",
  "3": "³",
  "4": "⁴",
  "5": "⁵",
  "6": "⁶",
  "7": "⁷",
  "8": "⁸",
  "9": "⁹",
};

export function powerOfTen(exponent: number): string {
  if (exponent === 0) return "1";
  return `10${[...String(exponent)].map((character) => SUPERSCRIPTS[character] ?? character).join("")}`;
}

/** Thin spaces between thousands, a true minus sign. */
export function grouped(number: string): string {
  const [whole = "", fraction] = number.replace("-", "−").split(".");
  const spaced = whole.length > 4 ? whole.replaceAll(/\B(?=(\d{3})+$)/g, "\u2009") : whole;
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
}

/** A number for a table, with the given digits after the point or with four significant digits. */
export function formatNumber(value: number, digits?: number): string {
  if (!Number.isFinite(value)) return "–";
  if (digits !== undefined) return grouped(value.toFixed(digits));
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) {
    const [mantissa = "", exponent = ""] = value.toExponential(2).split("e");
    return `${mantissa.replace("-", "−")}×${powerOfTen(Number(exponent))}`;
  }
  return grouped(value.toFixed(Math.max(0, 3 - Math.floor(log10(size) + 1e-9))));
}
