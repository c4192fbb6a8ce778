/** Maps values of an axis to positions in a figure. */
export interface Scale {
  /** `NaN` if the axis cannot show the value. */
  place(value: number): number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

/** An axis with equal steps. The ends are widened to round numbers unless `tight`. */
export function linearScale(
  low: number,
  high: number,
  range: readonly [number, number],
  wanted: number,
  tight = false,
): Scale {
  if (low === high) [low, high] = low === 0 ? [0, 1] : [low - Math.abs(low) * 0.05, high + Math.abs(high) * 0.05];
  const step = roundStep((high - low) / wanted);
  const from = tight ? low : Math.floor(low / step + 1e-9) * step;
  const to = tight ? high : Math.ceil(high / step - 1e-9) * step;
  const digits = decimalsOf(step);
  const ticks = [];
  for (let index = Math.ceil(from / step - 1e-9); index <= Math.floor(to / step + 1e-9); index += 1) {
    const value = index * step;
    ticks.push({ value, label: grouped(value === 0 ? "0" : value.toFixed(digits)) });
  }
  return { place: (value) => range[0] + ((value - from) / (to - from)) * (range[1] - range[0]), ticks };
}

/** A logarithmic axis with one tick per decade, or fewer if there are many. 2 and 5 are marked too if there are few. */
export function logScale(low: number, high: number, range: readonly [number, number], wanted: number): Scale {
  const margin = Math.max(0.02, 0.04 * (log10(high) - log10(low)));
  const from = log10(low) - margin;
  const to = log10(high) + margin;
  const every = Math.max(1, Math.ceil((to - from) / wanted));
  const multiples = to - from < 2.5 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let exponent = Math.floor(from / every) * every; exponent <= to; exponent += every) {
    for (const multiple of multiples) {
      const value = Number(`${multiple}e${exponent}`);
      const place = log10(value);
      if (place < from || place > to) continue;
      ticks.push({
        value,
        label:
          Math.abs(exponent) <= 2
            ? String(value)
            : multiple === 1
              ? powerOfTen(exponent)
              : `${multiple}·${powerOfTen(exponent)}`,
      });
    }
  }
  return {
    place: (value) =>
      value > 0 ? range[0] + ((log10(value) - from) / (to - from)) * (range[1] - range[0]) : Number.NaN,
    ticks,
  };
}

/** 1, 2 or 5 times a power of ten, at least `rough`. */
function roundStep(rough: number): number {
  const decade = Number(`1e${Math.floor(log10(rough) + 1e-9)}`);
  return ([1, 2, 5].find((step) => step * decade >= rough * (1 - 1e-9)) ?? 10) * decade;
}

function decimalsOf(step: number): number {
  return Math.max(0, -Math.floor(log10(step) + 1e-9));
}

/**
 * Common logarithm to about 1e-12, which is enough to place a point. `Math.log10` may differ between engines; with this
 * function a report has the same bytes everywhere.
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

function powerOfTen(exponent: number): string {
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

/**
 * A mean with half the width of its interval. By default, both are rounded to the second significant digit of the half
 * width.
 */
export function formatMean(
  mean: number,
  half: number,
  digits?: number,
): { readonly mean: string; readonly half: string | null } {
  if (!Number.isFinite(half)) return { mean: formatNumber(mean, digits), half: null };
  const size = Math.max(Math.abs(mean), half);
  if (digits === undefined && (half === 0 || size >= 1e6 || size < 1e-3))
    return { mean: formatNumber(mean), half: formatNumber(half) };
  const places = digits ?? Math.min(12, Math.max(0, 1 - Math.floor(log10(half) + 1e-9)));
  return { mean: formatNumber(mean, places), half: formatNumber(half, places) };
}

/** A duration in seconds as text, such as "4 min". */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
