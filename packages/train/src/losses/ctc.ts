import {
  add,
  and,
  concat,
  convert,
  div,
  equal,
  expand,
  full,
  gather,
  iota,
  less,
  lessEqual,
  logSoftmax,
  logSumExp,
  max,
  mul,
  named,
  neg,
  not,
  or,
  reduceMax,
  reshape,
  scan,
  select,
  sliceAxis,
  sub,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, checkTensor, describe, isFloat, sameShape, shown } from "@sluice/tensor/internal";
import { logAdd } from "./log-add.ts";
import { asIndices, keepWhere, lossOptions, maskOver, reduceLosses, type LossOptions } from "./reduce.ts";

/** Options of {@link ctc}. `lengths` are the steps of each row's logits; the mask is over rows, `[batch]`. */
export interface CtcOptions extends LossOptions {
  /** The number of labels of each row, i32 `[batch]`; later ones do not count. Default: all. */
  readonly labelLengths?: Tensor;
  /** The class that stands for no label. Default 0. */
  readonly blank?: number;
  /**
   * Whether a row with too few steps for its labels, whose loss is infinite, counts as 0 and has no gradient. Default
   * false.
   */
  readonly zeroInfinity?: boolean;
}

/**
 * Connectionist temporal classification (Graves et al. 2006), as PyTorch's `ctc_loss`: the negative log-probability of
 * a sequence of labels, whatever the steps at which they occur. Logits are `[batch, time, classes]`, labels i32 `[batch,
 * labels]`, and the losses `[batch]`.
 *
 * l' are the labels with a blank before, between and after them. The sum over all paths is
 *
 *     alpha_t(s) = (alpha_(t-1)(s) + alpha_(t-1)(s-1) + alpha_(t-1)(s-2)) y_t(l'_s)
 *
 * without the last term where `l'_s` is blank or equal to `l'_(s-2)`; the loss is `-log(alpha_T(S) + alpha_T(S-1))`. All
 * of it is computed with logarithms.
 *
 * As in PyTorch, the mean divides the loss of each row by its number of labels (at least 1) first. A row needs a step
 * for each label, and one more between two equal ones; with fewer its loss is infinite. A label that is blank or not a
 * class gives NaN.
 */
export function ctc(logits: Tensor, labels: Tensor, options: CtcOptions = {}): Tensor {
  const known = [...lossOptions, "labelLengths", "blank", "zeroInfinity"];
  const aliases = { inputLengths: "lengths", targetLengths: "labelLengths", zero_infinity: "zeroInfinity" };
  checkOptions("ctc", options, known, aliases);
  const { batch, time, classes, blank } = checkGiven(logits, labels, options);
  const { dtype } = logits;
  const { zeroInfinity = false, reduction = "mean", lengths } = options;
  const mask = maskOver("ctc", { ...(options.mask && { mask: options.mask }) }, [batch], dtype);
  const steps = maskOver("ctc", { ...options, ...(lengths && { lengths }) }, [batch, time], dtype);
  const y = logSoftmax(keepWhere(steps && reshape(steps, [...steps.shape.slice(0, 2), 1]), logits));

  const count = options.labelLengths ?? full([batch], labels.shape[1] ?? 0, "i32");
  const isLabel = less(iota([batch, labels.shape[1] ?? 0]), expand(count, 1));
  const own = select(isLabel, labels, blank);
  const extended = withBlanks(own, blank);
  const alpha = forward(emissions(y, extended), { extended, blank, ...(lengths && { lengths }) });

  const s = iota(extended.shape);
  const last = expand(mul(count, 2), 1);
  const isEnd = or(equal(s, last), and(equal(s, sub(last, 1)), less(0, last)));
  const total = neg(logSumExp(select(isEnd, alpha, -Infinity), 1));
  const finite = zeroInfinity ? select(equal(total, Infinity), 0, total) : total;
  const isClass = and(and(lessEqual(0, labels), less(labels, classes)), not(equal(labels, blank)));
  const strange = and(isLabel, not(isClass));
  const losses = named(
    `ctc with labels from 0 to ${classes - 1}, except the blank ${blank}`,
    select(anyOf(strange), NaN, finite),
  );
  const perLabel = reduction === "mean" ? div(losses, convert(max(count, 1), dtype)) : losses;
  return reduceLosses("ctc", keepWhere(mask, perLabel), reduction, { mask });
}

interface Sizes {
  readonly batch: number;
  readonly time: number;
  readonly classes: number;
  readonly blank: number;
}

function checkGiven(logits: Tensor, labels: Tensor, { mask, lengths, labelLengths, blank = 0 }: CtcOptions): Sizes {
  checkTensor("ctc", "logits", logits);
  checkTensor("ctc", "the labels", labels);
  const [batch, time, classes] = logits.shape;
  if (batch === undefined || time === undefined || classes === undefined || logits.shape.length > 3)
    throw new TensorError(`ctc: expected logits [batch, time, classes], got ${describe(logits)}`);
  if (!isFloat(logits.dtype)) throw new TensorError(`ctc: expected float logits, got ${logits.dtype}`);
  if (labels.dtype !== "i32" || labels.shape.length !== 2 || labels.shape[0] !== batch)
    throw new TensorError(
      `ctc: logits ${describe(logits)} need labels i32 [${batch}, labels], got ${labels.dtype} ${describe(labels)}${asIndices(labels, labels.shape)}`,
    );
  if (!Number.isInteger(blank) || blank < 0 || blank >= classes)
    throw new TensorError(`ctc: expected blank as one of the classes 0 to ${classes - 1}, got ${shown(blank)}`);
  for (const [name, given] of Object.entries({ lengths, labelLengths })) {
    if (given === undefined) continue;
    checkTensor("ctc", name, given);
    if (given.dtype !== "i32" || !sameShape(given.shape, [batch]))
      throw new TensorError(`ctc: expected ${name} i32 [${batch}], got ${given.dtype} ${describe(given)}`);
  }
  if (mask !== undefined) checkTensor("ctc", "the mask", mask);
  if (mask !== undefined && mask.shape.length > 1)
    throw new TensorError(`ctc: the mask ${describe(mask)} must be over rows, [${batch}]; lengths end a row`);
  return { batch, time, classes, blank };
}

/** l': `[batch, labels]` to `[batch, 2 labels + 1]`. */
function withBlanks(labels: Tensor, blank: number): Tensor {
  const [batch = 0, count = 0] = labels.shape;
  const one = full([batch, 1], blank, "i32");
  const pairs = concat([expand(labels, 2), full([batch, count, 1], blank, "i32")], 2);
  return concat([one, reshape(pairs, [batch, 2 * count])], 1);
}

/** log y_t(l'_s): `[batch, time, classes]` to `[time, batch, S]`. */
function emissions(y: Tensor, extended: Tensor): Tensor {
  const [batch = 0, time = 0, classes = 0] = y.shape;
  const rows = add(mul(iota([time, batch], { axis: 1 }), time), iota([time, batch], { axis: 0 }));
  const safe = max(0, extended);
  const at = add(expand(mul(rows, classes), 2), expand(select(less(safe, classes), safe, 0), 0));
  return gather(reshape(y, [batch * time * classes]), at);
}

interface Paths {
  readonly extended: Tensor;
  readonly blank: number;
  readonly lengths?: Tensor;
}

/** log alpha after the last step of each row, `[batch, S]`. */
function forward(emitted: Tensor, { extended, blank, lengths }: Paths): Tensor {
  const { dtype } = emitted;
  const [batch = 0, size = 0] = extended.shape;
  const never = full([batch, 2], -Infinity, dtype);
  const before = concat([full([batch, 2], blank, "i32"), extended], 1);
  const mayLeap = and(not(equal(extended, blank)), not(equal(extended, sliceAxis(before, 1, 0, size))));
  // Before the first step all paths stand at the first blank, from where they stay or reach the first label.
  const start = select(equal(iota([batch, size]), 0), full([batch, size], 0, dtype), -Infinity);
  const { state } = scan(
    ({ alpha }, { own }) => {
      const shifted = concat([never, alpha], 1);
      const [one, two] = [sliceAxis(shifted, 1, 1, size + 1), sliceAxis(shifted, 1, 0, size)];
      const next = add(logAdd(logAdd(alpha, one), select(mayLeap, two, -Infinity)), own);
      return { state: { alpha: next }, output: {} };
    },
    { alpha: start },
    { own: emitted },
    lengths === undefined ? {} : { lengths },
  );
  return state.alpha;
}

/** bool `[batch]`: whether any element of a row is true. */
function anyOf(flags: Tensor): Tensor {
  const [batch = 0, count = 0] = flags.shape;
  return count === 0 ? full([batch], 0, "bool") : less(0, reduceMax(convert(flags, "i32"), 1));
}
