import { quantile } from "@sluice/study";
import type { Observations } from "@sluice/irregular";
import { tensor } from "@sluice/tensor";

/** The lowest and highest value of each variable. */
export type Limits = readonly { readonly low: number; readonly high: number }[];

/** The percentiles p and 1 - p of what was observed of each variable. */
export function percentiles({ values, variables }: Observations, p: number): Limits {
  return variables.map((_, variable) => {
    const observed = [];
    for (let i = variable; i < values.data.length; i += variables.length) {
      const value = values.data[i] ?? NaN;
      if (!Number.isNaN(value)) observed.push(value);
    }
    return observed.length === 0
      ? { low: -Infinity, high: Infinity }
      : { low: quantile(observed, p), high: quantile(observed, 1 - p) };
  });
}

/** Moves values beyond the limits to them; what was not observed stays so. */
export function clip(observations: Observations, limits: Limits): Observations {
  const { data, shape } = observations.values;
  const clipped = new Float64Array(data);
  for (const [variable, { low, high }] of limits.entries())
    for (let i = variable; i < clipped.length; i += limits.length) {
      const value = clipped[i] ?? NaN;
      if (value < low) clipped[i] = low;
      else if (value > high) clipped[i] = high;
    }
  return { ...observations, values: tensor(clipped, shape) };
}
