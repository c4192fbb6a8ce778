import {
  add,
  convert,
  div,
  full,
  gather,
  greater,
  matmul,
  max,
  min,
  mul,
  oneHot,
  reshape,
  select,
  sqrt,
  square,
  sub,
  sum,
  TensorError,
  transpose,
  type Tensor,
} from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { check, checkParams, checkStatistics } from "./check.ts";
import { placementOf, type NormalizedPart, type Normalizer, type PlacementOptions } from "./normalizer.ts";

/** Options of {@link batchNorm}. */
export interface BatchNormOptions extends PlacementOptions {
  /**
   * How many time steps have running statistics of their own, such as the length of the longest training sequence.
   * Later steps use the last ones. With 1, all steps share theirs.
   */
  readonly steps: number;
  /**
   * How far a batch moves the running statistics: `running = (1 - momentum) running + momentum batch`. Default 0.1, as
   * in PyTorch. Keras's momentum is 1 minus this.
   */
  readonly momentum?: number;
  /** Added to the variance, inside the root. Default 1e-5, as in the paper. */
  readonly epsilon?: number;
  /** One learned factor per feature. Default true. */
  readonly gain?: boolean;
  /**
   * Initial value of the gain. Default 0.1, as in the paper: with 1, the tanh saturates and the gradient vanishes over
   * time.
   */
  readonly initialGain?: number;
  /**
   * One learned offset per feature, initially 0, of the memory and, with the placement `gates`, of the sum. Products
   * have none, since the cell adds its bias to them. Default true.
   */
  readonly bias?: boolean;
}

/**
 * Recurrent batch normalization (Cooijmans, Ballas, Laurent, Gülçehre, Courville 2016, arXiv:1603.09025):
 *
 *     y = gain (x - mean) / sqrt(variance + epsilon) + bias
 *
 * `x` is `[batch, ..., features]`. In training, mean and biased variance are computed per feature over the batch,
 * separately at each time step, and the gradient flows through them. Only rows that take the step count; masked steps
 * and steps beyond the lengths have no effect. In evaluation they are the running statistics of the row's time step, so
 * rows are independent.
 *
 * The running statistics are buffers, `mean` and `variance`, both `[steps, ...]`, initially 0 and 1. Each batch moves
 * them once. If several steps share an entry, as those after the last entry do, it moves towards their mean, weighted
 * by their numbers of rows. An entry that no row of the batch reaches does not change. As in PyTorch, the batch's
 * variance is multiplied by n / (n - 1) for the running variance.
 *
 * Published variants:
 * - `batchNorm({ steps })`: `BN(W x) + BN(U h) + b` and `tanh(BN(c))`. From the paper.
 * - `batchNorm({ steps: 1, placement: "input", cell: false, initialGain: 1 })`: `BN(W x) + U h + b`, the frame-wise
 *   normalization of Laurent et al. 2015 (arXiv:1510.01378). Their sequence-wise variant takes statistics over all
 *   steps at once; a recurrent step cannot compute those.
 *
 * Backwards, each row starts at its own last step with the first entry, so the batch's statistics combine rows at
 * different time steps.
 *
 * If only one row takes a step, its result is `bias`, because the row equals its own mean.
 *
 * Throws a TensorError if an option is unknown or out of range, or if buffers or parameters do not fit.
 */
export function batchNorm(options: BatchNormOptions): Normalizer {
  check("batchNorm", options, ["steps", "momentum", "epsilon", "gain", "initialGain", "bias"]);
  const { steps, momentum = 0.1, epsilon = 1e-5, gain = true, initialGain = 0.1, bias = true } = options;
  checkNumbers({ steps, momentum, initialGain });
  const isShifted = (part: NormalizedPart): boolean => bias && (part === "gates" || part === "cell");
  return {
    name: "batchNorm",
    placement: placementOf(options),
    ...(steps > 1 ? { stepIndex: true } : {}),
    params: (shape, part) => ({
      ...(gain ? { gain: { shape, initializer: (_, s) => full(s, initialGain, "f64") } } : {}),
      ...(isShifted(part) ? { bias: { shape, initializer: (_, s) => full(s, 0, "f64") } } : {}),
    }),
    buffers: (shape) => ({
      mean: { shape: [steps, ...shape], initial: 0 },
      variance: { shape: [steps, ...shape], initial: 1 },
    }),
    apply(params, x, { training, buffers, active, stepIndex }) {
      checkParams("batchNorm", [...(gain ? ["gain"] : []), ...("bias" in params ? ["bias"] : [])], params, x);
      const running = checkStatistics("batchNorm", buffers, [steps, ...x.shape.slice(1)], x);
      const entry = entryOf(stepIndex, steps);
      const rows = training ? active() : undefined;
      const { mean, variance, count } = training ? ofBatch(x, rows) : { ...ofEntry(running, entry), count: undefined };
      const y = div(sub(x, mean), sqrt(add(variance, epsilon)));
      const scaled = params["gain"] === undefined ? y : mul(y, params["gain"]);
      const output = params["bias"] === undefined ? scaled : add(scaled, params["bias"]);
      if (count === undefined) return output;
      // n / (n - 1) makes the estimate of the population's variance unbiased.
      const unbiased = mul(variance, div(count, max(sub(count, 1), 1)));
      return { output, observed: { mean, variance: unbiased, rows: rowsAt(x, rows, entry, steps) } };
    },
    update(buffers, { rows, ...observed }) {
      if (rows === undefined)
        throw new TensorError("batchNorm.update: nothing was observed; pass on what apply returned");
      return Object.fromEntries(
        Object.entries(buffers).map(([name, old]) => {
          const batch = observed[name];
          return [name, batch === undefined ? old : moved(old, batch, rows, momentum)];
        }),
      );
    },
  };
}

interface Statistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Mean and variance over the active rows, and their number, at least 1. */
function ofBatch(x: Tensor, active: Tensor | undefined): Statistics & { readonly count: Tensor } {
  const total = (values: Tensor): Tensor =>
    sum(active === undefined ? values : select(rowsOf(active, values), values, 0), 0);
  const count =
    active === undefined ? full([], Math.max(x.shape[0]!, 1), x.dtype) : max(sum(convert(active, x.dtype)), 1);
  const mean = div(total(x), count);
  return { mean, variance: div(total(square(sub(x, mean))), count), count };
}

/** The running statistics of each row's entry, or the shared ones. */
function ofEntry({ mean, variance }: Statistics, entry: Tensor | undefined): Statistics {
  return entry === undefined ? { mean, variance } : { mean: gather(mean, entry), variance: gather(variance, entry) };
}

/** i32 `[batch]`: the entry of the running statistics for each row; undefined if there is only one entry. */
function entryOf(stepIndex: Tensor | undefined, steps: number): Tensor | undefined {
  if (steps === 1) return undefined;
  if (stepIndex === undefined)
    throw new TensorError("batchNorm: stepIndex is missing; it selects the statistics of a time step");
  return min(stepIndex, steps - 1);
}

/** `[steps]`: how many active rows are at each entry. */
function rowsAt(x: Tensor, active: Tensor | undefined, entry: Tensor | undefined, steps: number): Tensor {
  const batch = x.shape[0]!;
  const at = entry === undefined ? full([batch, 1], 1, x.dtype) : oneHot(entry, steps, x.dtype);
  return sum(active === undefined ? at : select(rowsOf(active, at), at, 0), 0);
}

/**
 * The entries `old` `[steps, ...]`, each moved towards the mean of its rows' observations: `batch` `[time, ...]`,
 * `rows` `[time, steps]`.
 */
function moved(old: Tensor, batch: Tensor, rows: Tensor, momentum: number): Tensor {
  const time = rows.shape[0]!;
  const total = sum(rows, 0);
  const shares = transpose(div(rows, max(total, 1)), [1, 0]);
  const width = batch.shape.slice(1).reduce((size, n) => size * n, 1);
  const mean = reshape(matmul(shares, reshape(batch, [time, width])), old.shape);
  const next = add(mul(old, 1 - momentum), mul(mean, momentum));
  return select(rowsOf(greater(total, 0), old), next, old);
}

/** `[rows]` as a condition on the rows of `x` `[rows, ...]`. */
function rowsOf(condition: Tensor, x: Tensor): Tensor {
  return reshape(condition, [condition.shape[0]!, ...x.shape.slice(1).map(() => 1)]);
}

function checkNumbers({
  steps,
  momentum,
  initialGain,
}: Readonly<Record<"steps" | "momentum" | "initialGain", number>>) {
  if (!Number.isInteger(steps) || steps < 1)
    throw new TensorError(
      `batchNorm: expected steps as an integer of at least 1, got ${shown(steps)}; it is the number of time steps with statistics of their own, such as the length of the longest sequence`,
    );
  if (!(momentum > 0 && momentum <= 1))
    throw new TensorError(
      `batchNorm: expected 0 < momentum <= 1, got ${shown(momentum)}; it is the share of the new batch: Keras's momentum of 0.99 is 0.01 here`,
    );
  if (!Number.isFinite(initialGain))
    throw new TensorError(`batchNorm: expected initialGain as a finite number, got ${shown(initialGain)}`);
}
