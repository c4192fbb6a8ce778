import { nth } from "@sluice/tensor/internal";
import type { ArrayTensor } from "@sluice/tensor";

/** The observed values of each column of `[n, width]`, in the order of the data. */
export function observedColumns(values: ArrayTensor, mask: ArrayTensor, width: number): readonly number[][] {
  const columns = Array.from({ length: width }, (): number[] => []);
  mask.data.forEach((observed, at) => {
    if (observed === 1) nth(columns, at % width).push(nth(values.data, at));
  });
  return columns;
}

/** The mean; 0 of nothing. */
export function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The standard deviation of a population: the root of the mean squared distance from the mean. */
export function deviation(values: readonly number[]): number {
  const center = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - center) * (value - center))));
}
