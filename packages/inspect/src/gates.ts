import { convert, greater, less, mapTree, reshape, square, sub, TensorError, type Tensor } from "@sluice/tensor";
import { root } from "@sluice/tensor/internal";
import { activeSteps, batchAndTime, checkSteps, meanOverSteps, type StepOptions } from "./steps.ts";

export interface GateOptions extends StepOptions {
  /** A gate below it is closed. Default 0.1; -0.9 for a value of tanh. */
  readonly low?: number;
  /** A gate above it is open. Default 0.9. */
  readonly high?: number;
}

/** A gate over time, each `[time]`, over the units and the rows that have the step; 0 at a step that no row has. */
export type GateOverTime = {
  readonly mean: Tensor;
  /** Standard deviation. */
  readonly deviation: Tensor;
  /** Fraction below `low`. */
  readonly low: Tensor;
  /** Fraction above `high`. */
  readonly high: Tensor;
};

/** How often each unit was closed and open, each `[units]`, as fractions of the steps that were taken. */
export type Saturation = {
  readonly low: Tensor;
  readonly high: Tensor;
};

/**
 * Every traced gate over time: of the traces that a layer returns with `traces: true`, `[batch, time, units]` by name.
 * A pure function of tensors, for use inside of compiled programs too.
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
 * `high`): the left- and right-saturated gates of Karpathy et al. 2015 (arXiv:1506.02078, section 4.2). A unit whose
 * forget gate is open most of the time is an integrator.
 */
export function saturation(trace: Tensor, options: GateOptions = {}): Saturation {
  check("saturation", options);
  const active = activeOf("saturation", trace, options);
  return mapTree(saturated(trace, options), (x) => meanOverSteps(x, active, [0, 1]));
}

/** 1 where a gate is closed, and where it is open. */
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
