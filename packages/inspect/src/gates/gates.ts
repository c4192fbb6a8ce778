import { convert, greater, less, mapTree, reshape, square, sub, TensorError, type Tensor } from "@sluice/tensor";
import { root } from "@sluice/tensor/internal";
import { activeSteps, batchAndTime, checkSteps, meanOverSteps, type StepOptions } from "../steps.ts";

/** Options of {@link gatesOverTime} and {@link saturation}. */
export interface GateOptions extends StepOptions {
  /** A gate below this counts as closed. Default 0.1; use -0.9 for a tanh. */
  readonly low?: number;
  /** A gate above this counts as open. Default 0.9. */
  readonly high?: number;
}

/**
 * Statistics of a gate at every step, each `[time]`, over all units and the rows that have the step. NaN if no row has
 * it.
 */
export type GateOverTime = {
  readonly mean: Tensor;
  /** Standard deviation. */
  readonly deviation: Tensor;
  /** Fraction below `low`. */
  readonly low: Tensor;
  /** Fraction above `high`. */
  readonly high: Tensor;
};

/** The fractions of steps at which each unit was closed (`low`) and open (`high`), each `[units]`. */
export type Saturation = {
  readonly low: Tensor;
  readonly high: Tensor;
};

/**
 * Mean, standard deviation and saturation of every traced gate at every step. `traces` are those that a layer returns
 * with `traces: true`, each `[batch, time, units]`. Can also be used inside compiled programs. Throws a TensorError if
 * a trace, `lengths` or `mask` has the wrong shape, or unless `low < high`.
 */
export function gatesOverTime<N extends string>(
  traces: Readonly<Record<N, Tensor>>,
  options?: GateOptions,
): Readonly<Record<N, GateOverTime>>;
export function gatesOverTime(
  traces: Readonly<Record<string, Tensor>>,
  options: GateOptions = {},
): Readonly<Record<string, GateOverTime>> {
  check("gatesOverTime", options);
  return Object.fromEntries(
    Object.entries(traces).map(([name, trace]) => {
      const active = activeOf("gatesOverTime", trace, options);
      const axes = trace.shape.flatMap((_, axis) => (axis === 1 ? [] : [axis]));
      const over = (x: Tensor): Tensor => meanOverSteps(x, active, axes);
      const mean = over(trace);
      const deviation = root(
        over(square(sub(trace, reshape(mean, [1, mean.shape[0]!, ...trace.shape.slice(2).map(() => 1)])))),
      );
      return [name, { mean, deviation, ...mapTree(saturated(trace, options), over) }];
    }),
  );
}

/**
 * The fraction of steps at which each unit of a gate `[batch, time, units]` was closed (below `low`) and open (above
 * `high`), as in Karpathy et al. 2015 (arXiv:1506.02078, section 4.2: left- and right-saturated gates). A unit whose
 * forget gate is mostly open integrates its input.
 */
export function saturation(trace: Tensor, options: GateOptions = {}): Saturation {
  check("saturation", options);
  const active = activeOf("saturation", trace, options);
  return mapTree(saturated(trace, options), (x) => meanOverSteps(x, active, [0, 1]));
}

/** Two tensors in the shape of the gate: 1 where it is closed, and 1 where it is open. */
function saturated(trace: Tensor, { low = 0.1, high = 0.9 }: GateOptions): Saturation {
  return { low: convert(less(trace, low), trace.dtype), high: convert(greater(trace, high), trace.dtype) };
}

function activeOf(operation: string, trace: Tensor, options: GateOptions): Tensor {
  return activeSteps(operation, batchAndTime(operation, trace, "a trace"), options);
}

function check(operation: string, options: GateOptions): void {
  checkSteps(operation, options, ["low", "high"]);
  const { low = 0.1, high = 0.9 } = options;
  if (!(low < high)) throw new TensorError(`${operation}: expected low < high, got ${low} and ${high}`);
}
