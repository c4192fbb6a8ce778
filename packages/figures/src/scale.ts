import { formatNumber, grouped, log10, powerOfTen } from "./numbers.ts";

/** Maps values of an axis to positions in a figure. */
export interface Scale {
  /** `NaN` if the axis cannot show the value. */
  place(value: number): number;
  readonly ticks: readonly Tick[];
}

/** A value of an axis, and how it is written. */
export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** Options of {@link linearScale}. */
export interface LinearOptions {
  /** About how many ticks. Default 5. */
  readonly ticks?: number;
  /** Ends at the given values, instead of at round numbers. Default false. */
  readonly tight?: boolean;
  /** Ticks at whole numbers only, for steps and indices. Default false. */
  readonly whole?: boolean;
}

/** An axis with equal steps. */
export function linearScale(
  low: number,
  high: number,
  range: readonly [number, number],
  { ticks: wanted = 5, tight = false, whole = false }: LinearOptions = {},
): Scale {
  [low, high] = apart(low, high);
  const rough = roundStep(high / wanted - low / wanted);
  const step = whole ? Math.max(1, rough) : rough;
  const [first, last] = tight
    ? [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)]
    : [Math.floor(low / step + 1e-9), Math.ceil(high / step - 1e-9)];
  // Between two ends that are not round there may be no two ticks.
  if (tight && last - first < 1 && step > (whole ? 1 : 0) && wanted < 100)
    return linearScale(low, high, range, { ticks: 2 * wanted, tight, whole });
  const from = tight ? low : Math.max(-Number.MAX_VALUE, first * step);
  const to = tight ? high : Math.min(Number.MAX_VALUE, last * step);
  const label = labels(step, Math.max(Math.abs(from), Math.abs(to)));
  const ticks: Tick[] = [];
  for (let index = first; index <= last; index += 1) {
    const value = index * step || 0;
    if (Number.isFinite(value)) ticks.push({ value, label: label(value) });
  }
  // Halves, because the difference of the largest numbers of both signs is not finite.
  const place = (value: number): number =>
    range[0] + ((value / 2 - from / 2) / (to / 2 - from / 2)) * (range[1] - range[0]);
  return { place, ticks };
}

/** Ends that can be told apart. Values that agree to nine digits would give ticks with equal labels. */
function apart(low: number, high: number): [number, number] {
  if (!(low <= high)) return [0, 1];
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (size < 1e-300) return [0, 1];
  const finite = (value: number): number => Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, value));
  if (high / 2 - low / 2 > 1e-9 * size) return [finite(low), finite(high)];
  return [finite(low - size * 0.05), finite(high + size * 0.05)];
}

/** Decimals as the step needs; powers of ten where that would take many digits. */
function labels(step: number, largest: number): (value: number) => string {
  const digits = decimalsOf(step);
  if (digits <= 5 && largest < 1e7) return (value) => grouped(value === 0 ? "0" : value.toFixed(digits));
  const exponent = Math.floor(log10(largest) + 1e-9);
  const places = Math.max(0, Math.min(12, exponent - Math.floor(log10(step) + 1e-9)));
  return (value) => {
    if (value === 0) return "0";
    // Divided in two parts, because a power of ten beyond 10^308 is not finite.
    const half = Math.trunc(exponent / 2);
    const mantissa = value / Number(`1e${half}`) / Number(`1e${exponent - half}`);
    return `${grouped(mantissa.toFixed(places))}·${powerOfTen(exponent)}`;
  };
}

/** A logarithmic axis with one tick per decade, or fewer if there are many. 2 and 5 are marked too if there are few. */
export function logScale(low: number, high: number, range: readonly [number, number], wanted: number): Scale {
  const margin = Math.max(0.02, 0.04 * (log10(high) - log10(low)));
  const from = log10(low) - margin;
  const to = log10(high) + margin;
  const every = Math.max(1, Math.ceil((to - from) / wanted));
  const multiples = to - from < 2.5 ? [1, 2, 5] : [1];
  const ticks: Tick[] = [];
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
  // An axis over a small part of a decade, such as 3.1 to 3.4.
  if (ticks.length === 0)
    ticks.push(...[...new Set([low, high])].map((value) => ({ value, label: formatNumber(value) })));
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
