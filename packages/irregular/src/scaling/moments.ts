import { nth } from "@sluice/tensor/internal";
import type { Observations, Variable } from "../records/observations.ts";

/** What observations and their static variables have in common. */
export type Columns = Pick<Observations, "variables" | "values" | "mask">;

interface ObservedColumn {
  readonly variable: Variable;
  readonly observed: number[];
}

/** The observed values of each variable, in the order of the data. */
export function observedColumns({ variables, values, mask }: Columns): readonly ObservedColumn[] {
  const columns = variables.map((variable): ObservedColumn => ({ variable, observed: [] }));
  mask.data.forEach((isObserved, at) => {
    if (isObserved === 1) nth(columns, at % columns.length).observed.push(nth(values.data, at));
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
