import { add, div, min, mul } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkSteps, type Schedule } from "./schedule.ts";

export interface RampOptions {
  readonly start: number;
  /** Default 0. */
  readonly end?: number;
  /** Steps from start to end; the end stays. */
  readonly steps: number;
}

/** `start + (end - start) min(t / steps, 1)` */
export function linear(options: RampOptions): Schedule {
  checkOptions("linear", options, ["start", "end", "steps"]);
  const { start, end = 0, steps } = options;
  checkSteps("linear", "steps", steps);
  return (t) => add(mul(min(div(t, steps), 1), end - start), start);
}
