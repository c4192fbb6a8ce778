import { add, div, min, mul } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkPositive } from "../checks.ts";
import type { Schedule } from "./schedule.ts";

/** Options of {@link linear} and {@link cosine}. */
export interface RampOptions {
  /** The value at step 0. */
  readonly start: number;
  /** The last value. Default 0. */
  readonly end?: number;
  /** Steps from start to end. After that the value stays at `end`. */
  readonly steps: number;
}

/** `start + (end - start) min(t / steps, 1)` */
export function linear(options: RampOptions): Schedule {
  checkOptions("linear", options, ["start", "end", "steps"]);
  const { start, end = 0, steps } = options;
  checkPositive("linear", "steps", steps);
  return (t) => add(mul(min(div(t, steps), 1), end - start), start);
}
