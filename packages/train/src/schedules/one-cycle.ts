import { add, div, less, max, min, select, TensorError } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { halfCosine } from "./cosine.ts";
import { checkPositive } from "../checks.ts";
import type { Schedule } from "./schedule.ts";

/** Options of {@link oneCycle}. */
export interface OneCycleOptions {
  /** The largest value. */
  readonly peak: number;
  /** The steps of the whole cycle. Later the value stays at its end. */
  readonly steps: number;
  /** The fraction of steps that rise, in (0, 1), of at least two steps. Default 0.3. */
  readonly rise?: number;
  /** The value at step 0 is `peak / startDivisor`. Default 25. */
  readonly startDivisor?: number;
  /** The last value is that at step 0, divided by this. Default 10000. */
  readonly endDivisor?: number;
}

/**
 * The 1cycle policy (Smith and Topin 2018, arXiv 1708.07120) as PyTorch's `OneCycleLR` with two cosine phases: half a
 * cosine from `peak / startDivisor` up to `peak` at step `rise steps - 1`, and half a cosine down to
 * `peak / startDivisor / endDivisor` at step `steps - 1`.
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  checkOptions("oneCycle", options, ["peak", "steps", "rise", "startDivisor", "endDivisor"], {
    max_lr: "peak",
    total_steps: "steps",
    pct_start: "rise",
    div_factor: "startDivisor",
    final_div_factor: "endDivisor",
  });
  const { peak, steps, rise = 0.3, startDivisor = 25, endDivisor = 10_000 } = options;
  for (const [name, value] of Object.entries({ steps, startDivisor, endDivisor }))
    checkPositive("oneCycle", name, value);
  const [top, last] = [rise * steps - 1, steps - 1];
  if (!(rise < 1 && top > 0))
    throw new TensorError(`oneCycle: expected rise in (0, 1), of more than one of ${steps} steps, got ${rise}`);
  const start = peak / startDivisor;
  const end = start / endDivisor;
  return (t) => {
    const up = halfCosine(start, peak, min(div(t, top), 1));
    const down = halfCosine(peak, end, min(max(div(add(t, -top), last - top), 0), 1));
    return select(less(t, top), up, down);
  };
}
