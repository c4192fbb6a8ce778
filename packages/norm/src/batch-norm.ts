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
   * What the gain begins as. Default 0.1, as in the paper: with 1, the tanh saturates and the gradient vanishes over
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
 * `x` is `[batch, ..., features]`. In training, mean and biased variance are those of each feature over the batch, at
 * each time step by itself. The gradient goes through them. Only rows that have a step count: what is masked, or beyond
 * a row's length, changes nothing. In evaluation they are the running statistics of the row's own time step, so that
 * rows are independent.
 *
 * The running statistics are buffers, `mean` and `variance`, both `[steps, ...]`, initially 0 and 1. Each batch moves
 * them once. Where several loop steps fall on one entry, as the steps after the last entry do, it moves towards their
 * mean, each weighted by its rows. An entry that no row of the batch reaches stays as it was. The batch's variance counts
 * with n / (n - 1), as in PyTorch.
 *
 * Published variants:
 * - `batchNorm({ steps })`: `BN(W x) + BN(U h) + b` and `tanh(BN(c))`. From the paper.
 * - `batchNorm({ steps: 1, placement: "input", cell: false, initialGain: 1 })`: `BN(W x) + U h + b`, the frame-wise
 *   normalization of Laurent et al. 2015 (arXiv:1510.01378). Their sequence-wise one takes its statistics over all steps
 *   at once, which a step cannot see.
 *
 * Backwards, rows with lengths begin at their own last step, each with its first entry. The batch's statistics are then
 * of rows at different steps of theirs.
 *
 * A batch in which only one row has a step gives `bias` there, since a row is its own mean.
 *
 * Throws a TensorError if an option is unknown or out of range, and where buffers or parameters do not fit.
 */
export function batchNorm(options: BatchNormOptions): Normalizer {
  check("batchNorm", options, ["steps", "momentum", "gain", "initialGain", "bias"]);
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
      // The whole batch estimates the population's variance without bias.
      const unbiased = mul(variance, div(count, max(sub(count, 1), 1)));
      return { output, observed: { mean, variance: unbiased, rows: rowsAt(x, rows, entry, steps) } };
    },
    update(buffers, { rows, ...observed }) {
      if (rows === undefined)
        throw new TensorError("batchNorm.update: nothing was observed; hand on what apply returned");
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

/** Of the active rows, and how many they are, at least 1. */
function ofBatch(x: Tensor, active: Tensor | undefined): Statistics & { readonly count: Tensor } {
  const total = (values: Tensor): Tensor =>
    sum(active === undefined ? values : select(rowsOf(active, values), values, 0), 0);
  const count =
    active === undefined ? full([], Math.max(x.shape[0]!, 1), x.dtype) : max(sum(convert(active, x.dtype)), 1);
  const mean = div(total(x), count);
  return { mean, variance: div(total(square(sub(x, mean))), count), count };
}

/** The running statistics of each row's entry, or those that all rows share. */
function ofEntry({ mean, variance }: Statistics, entry: Tensor | undefined): Statistics {
  return entry === undefined ? { mean, variance } : { mean: gather(mean, entry), variance: gather(variance, entry) };
}

/** i32 `[batch]`: which entry of the running statistics each row is at; undefined where there is only one. */
function entryOf(stepIndex: Tensor | undefined, steps: number): Tensor | undefined {
  if (steps === 1) return undefined;
  if (stepIndex === undefined)
    throw new TensorError("batchNorm: no stepIndex is given; its statistics are those of a time step");
  return min(stepIndex, steps - 1);
}

/** `[steps]`: how many active rows are at each entry. */
function rowsAt(x: Tensor, active: Tensor | undefined, entry: Tensor | undefined, steps: number): Tensor {
  const batch = x.shape[0]!;
  const at = entry === undefined ? full([batch, 1], 1, x.dtype) : oneHot(entry, steps, x.dtype);
  return sum(active === undefined ? at : select(rowsOf(active, at), at, 0), 0);
}

/**
 * The entries `old` `[steps, ...]`, each moved towards the mean of what its rows observed: `batch` `[time, ...]`, `rows`
 * `[time, steps]`.
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
      `batchNorm: expected steps as an integer of at least 1, got ${String(steps)}; it is the number of time steps with statistics of their own, such as the length of the longest sequence`,
    );
  if (!(momentum > 0 && momentum <= 1))
    throw new TensorError(
      `batchNorm: expected 0 < momentum <= 1, got ${momentum}; it is the part of the new batch, and Keras's momentum of 0.99 is 0.01 here`,
    );
  if (!Number.isFinite(initialGain))
    throw new TensorError(`batchNorm: expected initialGain as a finite number, got ${initialGain}`);
}
