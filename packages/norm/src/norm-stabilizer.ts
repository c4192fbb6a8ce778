import {
  associativeScan,
  concat,
  convert,
  div,
  expand,
  full,
  iota,
  and,
  less,
  max,
  mul,
  or,
  reshape,
  select,
  sliceAxis,
  square,
  sub,
  sum,
  mean,
  tensor,
  TensorError,
  isTensor,
  type Tensor,
} from "@sluice/tensor";
import {
  checkList,
  checkOptions,
  checkTensor,
  describe,
  euclideanNorm,
  isFloat,
  sameShape,
  shown,
} from "@sluice/tensor/internal";

/** Options of {@link normStabilizer}. */
export interface NormStabilizerOptions {
  /** The weight of the penalty, at least 0. The paper uses 50 to 500. */
  readonly beta: number;
  /** h_0 `[batch, features]`. Default zeros. */
  readonly initial?: Tensor;
  /** The number of steps of each row, i32 `[batch]` or numbers. Default: all. */
  readonly lengths?: Tensor | readonly number[];
  /** bool `[batch, time]`: false at steps that are skipped. The difference is taken from the last step that was not. */
  readonly mask?: Tensor;
}

/**
 * Norm stabilizer (Krueger and Memisevic 2015, arXiv:1511.08400, equation 1): a penalty, to be added to the loss, on
 * the change of the norm of a state from step to step:
 *
 *     beta 1/T sum_{t=1}^{T} (|h_t| - |h_{t-1}|)^2
 *
 * `h` is `[batch, time, features]`, such as the outputs of a GRU, whose outputs are its states. T is the number of steps
 * that a row takes; the penalty is the mean over the rows that take any. Steps that a row does not take are not looked
 * at: NaN there reaches neither the penalty nor its gradient. At h = 0 the gradient of the norm is 0.
 *
 * Throws a TensorError if `beta` is not a finite number of at least 0, or a shape does not fit.
 */
export function normStabilizer(h: Tensor, options: NormStabilizerOptions): Tensor {
  checkOptions("normStabilizer", options, ["beta", "initial", "lengths", "mask"], {
    factor: "beta",
    weight: "beta",
    state: "initial",
  });
  checkTensor("normStabilizer", "h", h);
  const { beta, initial } = options;
  if (!(beta >= 0 && beta < Infinity))
    throw new TensorError(`normStabilizer: expected beta as a finite number >= 0, got ${shown(beta)}`);
  const [batch = 0, time = 0, features = 0] = h.shape;
  if (h.shape.length !== 3 || !isFloat(h.dtype))
    throw new TensorError(`normStabilizer: expected states [batch, time, features] of floats, got ${describe(h)}`);
  if (initial !== undefined) checkTensor("normStabilizer", "initial", initial);
  if (initial !== undefined && (initial.dtype !== h.dtype || !sameShape(initial.shape, [batch, features])))
    throw new TensorError(
      `normStabilizer: initial must be ${h.dtype} [${batch}, ${features}], got ${describe(initial)}`,
    );
  const taken = takenOf(options, batch, time);
  const looked = taken === undefined ? h : select(expand(taken, 2), h, 0);
  const first = initial === undefined ? full([batch, 1], 0, h.dtype) : euclideanNorm(initial, 1, { keep: true });
  const norms = euclideanNorm(looked, 2);
  const changes = square(sub(norms, before(norms, first, taken)));
  if (taken === undefined) return mul(mean(changes), beta);
  const steps = sum(convert(taken, h.dtype), 1);
  const penalties = div(sum(select(taken, changes, 0), 1), max(steps, 1));
  const rows = sum(convert(less(0, steps), h.dtype));
  return mul(div(sum(penalties), max(rows, 1)), beta);
}

/** The norm at the last step that was taken before each, `[batch, time]`. */
function before(norms: Tensor, first: Tensor, taken: Tensor | undefined): Tensor {
  const earlier = (held: Tensor): Tensor => sliceAxis(concat([first, held], 1), 1, 0, norms.shape[1] ?? 0);
  if (taken === undefined) return earlier(norms);
  const last = associativeScan(
    (p: Held, q: Held): Held => ({ value: select(q.known, q.value, p.value), known: or(p.known, q.known) }),
    { value: norms, known: taken },
    { axis: 1 },
  );
  return earlier(select(last.known, last.value, first));
}

type Held = { readonly value: Tensor; readonly known: Tensor };

/** bool `[batch, time]`: the steps that each row takes; undefined if all do. */
function takenOf({ lengths, mask }: NormStabilizerOptions, batch: number, time: number): Tensor | undefined {
  if (mask !== undefined) checkTensor("normStabilizer", "mask", mask);
  if (mask !== undefined && (mask.dtype !== "bool" || !sameShape(mask.shape, [batch, time])))
    throw new TensorError(`normStabilizer: mask must be bool [${batch}, ${time}], got ${describe(mask)}`);
  if (lengths === undefined) return mask;
  if (!isTensor(lengths)) checkList("normStabilizer", "lengths", lengths, "[4, 2]");
  const counts = isTensor(lengths) ? lengths : tensor(lengths, [lengths.length], { dtype: "i32" });
  if (counts.dtype !== "i32" || !sameShape(counts.shape, [batch]))
    throw new TensorError(`normStabilizer: lengths must be i32 [${batch}], got ${describe(counts)}`);
  const wrong = counts.kind === "array" ? counts.data.find((n) => n < 0 || n > time) : undefined;
  if (wrong !== undefined)
    throw new TensorError(`normStabilizer: lengths must be from 0 to ${time}, the number of steps, got ${wrong}`);
  const within = less(iota([1, time], { axis: 1 }), reshape(counts, [batch, 1]));
  return mask === undefined ? within : and(mask, within);
}
