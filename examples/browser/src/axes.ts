import { logF64 } from "@sluice/tensor/internal";

/** Maps values to pixels along an axis, and lists its ticks. */
export interface Axis {
  place(value: number): number;
  readonly ticks: readonly number[];
}

/**
 * A linear axis from pixel `start` to pixel `end`. Ticks are multiples of 1, 2 or 5 times a power of ten; there are at
 * most about `wanted`.
 */
export function linearAxis(from: number, to: number, [start, end]: readonly [number, number], wanted: number): Axis {
  let step = 1;
  for (let i = 0; step * wanted < to - from; i++) step *= i % 3 === 1 ? 2.5 : 2;
  const ticks = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to; tick += step) ticks.push(tick);
  return { place: (value) => start + ((value - from) / (to - from)) * (end - start), ticks };
}

/** A logarithmic axis with a tick at every power of ten. Values that are not positive are placed at its start. */
export function logAxis(from: number, to: number, [start, end]: readonly [number, number]): Axis {
  const [low, high] = [log10(from), log10(to)];
  const ticks = [];
  for (let decade = Math.ceil(low - 1e-9); decade <= high + 1e-9; decade++) ticks.push(Number(`1e${decade}`));
  return {
    place: (value) => (value > 0 ? start + ((log10(value) - low) / (high - low)) * (end - start) : start),
    ticks,
  };
}

export function log10(value: number): number {
  return logF64(value) / logF64(10);
}
