import { add, div, less, max, mul, scalar, select, sub } from "@sluice/tensor";
import { checkPositive, checkValue } from "../checks.ts";
import type { Schedule } from "./schedule.ts";

/**
 * Rises linearly to `then`'s first value, `(t + 1) / steps` of it at step t, and continues with `then`, whose steps are
 * counted from the end of the warm-up.
 */
export function warmup(steps: number, then: number | Schedule): Schedule {
  checkPositive("warmup", "steps", steps);
  checkValue("warmup", "then", then);
  return (t) => {
    const value = typeof then === "number" ? scalar(then, t.dtype) : then(max(sub(t, steps), 0));
    return select(less(t, steps), mul(value, div(add(t, 1), steps)), value);
  };
}
