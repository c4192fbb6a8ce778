import { add, div, min, mul, pow, sub } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { RampOptions } from "./linear.ts";
import { checkPositive } from "../checks.ts";
import type { Schedule } from "./schedule.ts";

/** Options of {@link polynomialDecay}. */
export interface PolynomialDecayOptions extends RampOptions {
  /** The power p, above 0. Default 1: linear. */
  readonly power?: number;
}

/** `end + (start - end) (1 - min(t / steps, 1))^p`, as PyTorch's `PolynomialLR`, which has the end 0. */
export function polynomialDecay(options: PolynomialDecayOptions): Schedule {
  checkOptions("polynomialDecay", options, ["start", "end", "steps", "power"], { total_iters: "steps" });
  const { start, end = 0, steps, power = 1 } = options;
  checkPositive("polynomialDecay", "steps", steps);
  checkPositive("polynomialDecay", "power", power);
  return (t) => add(mul(pow(sub(1, min(div(t, steps), 1)), power), start - end), end);
}
