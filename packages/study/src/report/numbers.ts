import { formatNumber } from "@sluice/figures";
import { log10 } from "@sluice/figures/internal";

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
  // A spread of the last bits comes from rounding; its digits would say nothing.
  if (half > 0 && half < 1e-9 * Math.abs(mean)) return formatMean(mean, 0, digits);
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

/** The days on which trials ended, in UTC: "Run on 2026-11-29"; `null` if none is known. */
export function dateText(finished: readonly string[]): string | null {
  const days = finished.map((date) => date.slice(0, 10)).sort();
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return null;
  return first === last ? `Run on ${first}` : `Run from ${first} to ${last}`;
}
