/**
 * Rows of unequal lengths are run longest first, in whatever order they come: a loop with lengths works, at each step,
 * on the rows up to the last one that is still running. No value of a row depends on the order.
 */
import {
  add,
  convert,
  customGradient,
  gather,
  greater,
  iota,
  mapTree,
  mul,
  reshape,
  scatterAdd,
  sub,
  sum,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isFloat, sizeOf } from "@sluice/tensor/internal";
import { swapTime } from "../cell/axes.ts";
import type { Applied, OverTime } from "../cell/over-time.ts";
import type { State } from "../cell/states.ts";
import type { Running } from "./given.ts";
import { runLoop } from "./loop.ts";

/** {@link runLoop}, with the rows longest first inside where that pays. */
export function runLongestFirst<P extends Tree, S extends State>(
  running: Running<P, S>,
  params: P,
  given: OverTime<S>,
): Applied<S> {
  const { lengths } = given;
  if (lengths === undefined || !pays(running, given, lengths)) return runLoop(running, params, given);
  const order = orderOf(lengths, given);
  const { output, state, carry, buffers, traces } = runLoop(running, params, inOrder(given, lengths, order));
  const rows = (x: Tensor): Tensor => permuted(x, order.placeOf, order.rowAt);
  const steps = (x: Tensor): Tensor => permuted(swapTime(x), order.stepsBack, order.steps);
  const restored = mapTree(state, rows);
  return {
    output: given.outputs === "all" ? steps(output) : rows(output),
    state: restored,
    carry: carry === state ? restored : mapTree(carry, rows),
    buffers,
    traces: mapTree(traces, steps),
  };
}

/**
 * Whether rows are put in order. Not if a step draws random numbers: a row's numbers belong to its place. Not if values
 * are changed from outside, which may be done by row. With many more rows than steps the comparisons of all pairs of
 * rows would take longer than the steps that they save.
 */
function pays<P extends Tree, S extends State>(
  { probed }: Running<P, S>,
  { batch, time, training, intervene, x }: OverTime<S>,
  lengths: Tensor,
): boolean {
  if (batch < 2 || time < 2 || batch > 32 * time || intervene !== undefined) return false;
  if (training && probed.training.draws) return false;
  if (lengths.kind === "symbol") return true;
  const { data } = lengths;
  return x.kind === "symbol" && data.some((length, row) => row > 0 && length > (data[row - 1] ?? 0));
}

/** An order of the rows, and where it takes rows and steps. All are i32. */
interface Order {
  /** `[batch]`: the row at each place. */
  readonly rowAt: Tensor;
  /** `[batch]`: the place of each row. */
  readonly placeOf: Tensor;
  /** `[time, batch]`: for each step and place, the position among `[batch, time]` of what stands there. */
  readonly steps: Tensor;
  /** `[batch, time]`: for each row and step, the position among `[time, batch]` of what was moved there. */
  readonly stepsBack: Tensor;
}

/** Longest first; rows of one length keep their order. */
function orderOf(lengths: Tensor, { batch, time }: Pick<OverTime, "batch" | "time">): Order {
  // Different for each row, so that no two rows have one place.
  const rank = sub(mul(lengths, batch), iota([batch]));
  const isBehind = greater(reshape(rank, [1, batch]), reshape(rank, [batch, 1]));
  const placeOf = sum(convert(isBehind, "i32"), 1);
  const rowAt = scatterAdd(placeOf, iota([batch]), batch);
  return {
    rowAt,
    placeOf,
    steps: add(mul(reshape(rowAt, [1, batch]), time), iota([time, 1], { axis: 0 })),
    stepsBack: add(reshape(placeOf, [batch, 1]), mul(iota([1, time]), batch)),
  };
}

function inOrder<S extends State>(given: OverTime<S>, lengths: Tensor, order: Order): OverTime<S> {
  const rows = (x: Tensor): Tensor => permuted(x, order.rowAt, order.placeOf);
  const steps = (x: Tensor): Tensor => permuted(swapTime(x), order.steps, order.stepsBack);
  return {
    ...given,
    lengths: rows(lengths),
    x: steps(given.x),
    mask: given.mask && steps(given.mask),
    reset: given.reset && steps(given.reset),
    extra: mapTree(given.extra, steps),
    perturbations: mapTree(given.perturbations, steps),
    start: mapTree(given.start, rows),
    resetState: mapTree(given.resetState, rows),
  };
}

/**
 * The rows of `x` at the positions `there`, which has each of them once. The first axes of `x` are those of `back`, the
 * inverse of `there`; the gradient goes this way.
 */
function permuted(x: Tensor, there: Tensor, back: Tensor): Tensor {
  const taken = (y: Tensor, positions: Tensor, axes: number): Tensor =>
    gather(reshape(y, [sizeOf(y.shape.slice(0, axes)), ...y.shape.slice(axes)]), positions);
  if (x.kind === "array" && x.uniform !== undefined)
    return reshape(x, [...there.shape, ...x.shape.slice(back.shape.length)]);
  const forwards = (y: Tensor): Tensor => taken(y, there, back.shape.length);
  if (!isFloat(x.dtype)) return forwards(x);
  return customGradient(forwards, ({ cotangent }) => [taken(cotangent, back, there.shape.length)])(x);
}
