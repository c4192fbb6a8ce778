import { div, exp, floor, mul, TensorError } from "@sluice/tensor";
import { checkOptions, logF64, shown } from "@sluice/tensor/internal";
import { checkPositive } from "../checks.ts";
import type { Schedule } from "./schedule.ts";

/** Options of {@link exponential} and {@link stepwise}. */
export interface DecayOptions {
  /** The value at step 0. */
  readonly start: number;
  /** The factor per `every` steps, above 0. */
  readonly factor: number;
  /** Steps after which `factor` has been applied once. Default 1. */
  readonly every?: number;
}

/** `start factor^(t / every)`, computed as `exp(t / every log(factor))`. */
export function exponential(options: DecayOptions): Schedule {
  const { start, exponent, every } = checked("exponential", options);
  return (t) => mul(exp(mul(div(t, every), exponent)), start);
}

/** `start factor^floor(t / every)`, a staircase. */
export function stepwise(options: DecayOptions): Schedule {
  const { start, exponent, every } = checked("stepwise", options);
  return (t) => mul(exp(mul(floor(div(t, every)), exponent)), start);
}

function checked(operation: string, options: DecayOptions): { start: number; exponent: number; every: number } {
  checkOptions(operation, options, ["start", "factor", "every"], {
    gamma: "factor",
    rate: "factor",
    step_size: "every",
  });
  const { start, factor, every = 1 } = options;
  checkPositive(operation, "every", every);
  if (!(factor > 0 && factor < Infinity))
    throw new TensorError(`${operation}: expected a factor above 0, got ${shown(factor)}`);
  return { start, exponent: logF64(factor), every };
}
