import { TensorError } from "../errors.ts";
import { checkOptions } from "../options.ts";
import { less } from "../primitives/comparison.ts";
import { select } from "../primitives/elementwise.ts";
import { iota } from "../primitives/indexing.ts";
import { reshape } from "../primitives/layout.ts";
import type { ScanOperation } from "../primitives/operation.ts";
import { close } from "../program/close.ts";
import { input } from "../program/program.ts";
import { showShape } from "../shape.ts";
import { describe, type SymbolTensor, type Tensor } from "../tensor.ts";
import { leavesOf, matchTree, treeFrom, type Leaf, type Tree } from "../tree.ts";
import { zeroBeyond } from "./beyond.ts";
import { applyScan } from "./primitive.ts";
import { segmentedScan } from "./segments.ts";

/** Options of {@link scan}. */
export interface ScanOptions {
  /** Number of steps; needed if there is no sequence. */
  readonly length?: number;
  /** From the last step to the first. With `lengths`, each sequence starts at its own last step. */
  readonly reverse?: boolean;
  /**
   * i32 [batch], 0 <= lengths <= time. Beyond its length a row keeps its state and outputs zeros. Axis 0 of every
   * state, output and slice of a sequence is the batch; a slice without axes is the same for all rows. A compiled step
   * computes all rows up to the last one whose sequence is not over, so sort rows longest first.
   */
  readonly lengths?: Tensor;
  /** bool [time, batch]: where true, the row's state is reset to the initial state before the step. */
  readonly resets?: Tensor;
  /**
   * Steps per segment. For the gradient only the states between segments are kept; the steps of a segment are computed
   * again. Memory falls from the number of steps to the number of segments plus the steps of one (least near the square
   * root), for about a third more time. Results are the same. Default: everything is kept.
   */
  readonly segment?: number;
}

/** A type alias, not an interface, so that it is itself a Tree. */
export type ScanResult<S extends Tree, Y extends Tree> = {
  /** The state after the last step. */
  readonly state: S;
  /** The outputs of all steps, stacked along a new first axis: [time, ...]. */
  readonly output: Y;
};

/**
 * The loop: `state, output[t] = step(state, xs[t])` for each step. `xs` is a tree of sequences `[time, ...]`. The step
 * may use any tensor from outside; whatever does not depend on its arguments is computed once. With no steps it returns
 * the initial state and outputs [0, ...].
 *
 * With `lengths`, sequences are read as zeros beyond a row's length. Whatever is there, NaN included, reaches no state,
 * output or gradient. The step should return finite values for zeros.
 */
export function scan<S extends Tree, X extends Tree, Y extends Tree>(
  step: (state: S, x: X) => { state: S; output: Y },
  initial: S,
  xs: X,
  options: ScanOptions = {},
): ScanResult<S, Y> {
  checkOptions("scan", options, ["length", "reverse", "lengths", "resets", "segment"]);
  const { reverse = false, lengths, resets, segment } = options;
  if (segment !== undefined && (!Number.isInteger(segment) || segment < 1))
    throw new TensorError(`scan: expected a segment of at least 1 step, got ${segment}`);
  const sequences = leavesOf(xs);
  const length = lengthOf(
    sequences.map((leaf) => leaf.tensor),
    options,
  );
  const states = leavesOf(initial);
  const batch = lengths?.shape[0] ?? resets?.shape[1];
  checkBatch("state", states, batch);
  if (lengths !== undefined) {
    const slices = sequences.map(({ path, tensor }) => ({ path, tensor: { ...tensor, shape: tensor.shape.slice(1) } }));
    checkBatch(
      "slices of sequence",
      slices.filter(({ tensor }) => tensor.shape.length > 0),
      batch,
    );
  }
  checkMasks(options, length, batch);

  const stateInputs = states.map(({ path, tensor }) => input(tensor, path));
  const sliceInputs = sequences.map(({ path, tensor }) =>
    input({ shape: tensor.shape.slice(1), dtype: tensor.dtype }, path),
  );
  const resetInput = resets && input({ shape: resets.shape.slice(1), dtype: "bool" }, "resets");
  const stepInput = lengths && input({ shape: [], dtype: "i32" }, "step");
  const lengthsInput = lengths && input(lengths, "lengths");

  const start = resetInput
    ? stateInputs.map((x, i) => select(rowsOf(resetInput, x), states[i]!.tensor, x))
    : stateInputs;
  const result = step(treeFrom(initial, start), treeFrom(xs, sliceInputs));
  const after = matchTree("scan: the state that the step returns", initial, result.state);
  const outputs = leavesOf(result.output);
  const active = lengthsInput && stepInput && less(stepInput, lengthsInput);
  const nextStates = active ? after.map((x, i) => select(rowsOf(active, x), x, stateInputs[i]!)) : after;
  const stepOutputs = outputs.map(({ path, tensor }) => {
    if (active === undefined) return tensor;
    checkBatch("output", [{ path, tensor }], batch);
    return select(rowsOf(active, tensor), tensor, 0);
  });

  const extra = [resetInput, stepInput].filter((x) => x !== undefined);
  const own = [...(lengthsInput ? [lengthsInput] : []), ...stateInputs, ...sliceInputs, ...extra];
  const closed = close(own, [...nextStates, ...stepOutputs]);
  const captures = [...closed.captures, ...(lengths ? [lengths] : [])];
  const time: Tensor[] = lengths ? [iota([length])] : [];
  const operation: ScanOperation = {
    op: "scan",
    body: closed.program,
    captures: captures.length,
    states: states.length,
    sequences: sliceInputs.length + extra.length,
    length,
    reverse,
    ...(lengths ? { lengths: captures.length - 1 } : {}),
  };
  const inputs = [
    ...captures,
    ...states.map((leaf) => leaf.tensor),
    ...sequences.map(({ tensor }) =>
      lengths === undefined || tensor.shape.length < 2 ? tensor : zeroBeyond(tensor, lengths, { time: 0, batch: 1 }),
    ),
    ...(resets ? [resets] : []),
    ...time,
  ];
  const scanned = segment === undefined ? applyScan(operation, inputs) : segmentedScan(operation, inputs, segment);
  return {
    state: treeFrom(initial, scanned.slice(0, states.length)),
    output: treeFrom(result.output, scanned.slice(states.length)),
  };
}

function lengthOf(sequences: readonly Tensor[], { length }: ScanOptions): number {
  if (length !== undefined && (!Number.isInteger(length) || length < 0))
    throw new TensorError(`scan: expected a length that is an integer >= 0, got ${length}`);
  const scalars = sequences.filter((x) => x.shape.length === 0);
  if (scalars.length > 0)
    throw new TensorError(`scan: sequence ${scalars.map(describe).join(", ")} has no time axis (axis 0)`);
  const lengths = [...new Set([...sequences.map((x) => x.shape[0]!), ...(length === undefined ? [] : [length])])];
  const [only] = lengths;
  if (only === undefined || lengths.length > 1) {
    const found = sequences.map(describe).join(", ");
    throw new TensorError(
      lengths.length > 1
        ? `scan: sequences ${found}${length === undefined ? "" : ` and length ${length}`} differ in their number of steps (axis 0)`
        : "scan: expected a sequence or options.length for the number of steps",
    );
  }
  return only;
}

function checkBatch(
  role: "state" | "output" | "slices of sequence",
  tensors: readonly Leaf[],
  batch: number | undefined,
): void {
  if (batch === undefined) return;
  for (const { path, tensor } of tensors) {
    if (tensor.shape[0] === batch) continue;
    throw new TensorError(
      `scan: with lengths or resets of ${batch} rows, axis 0 of ${path === "" ? `the ${role}` : `${role} ${path}`} ${showShape(tensor.shape)} must be the batch of ${batch}`,
    );
  }
}

function checkMasks({ lengths, resets }: ScanOptions, length: number, batch: number | undefined): void {
  if (lengths && (lengths.dtype !== "i32" || lengths.shape.length !== 1)) {
    throw new TensorError(`scan: expected lengths as i32 [batch], got ${lengths.dtype} ${describe(lengths)}`);
  }
  if (lengths?.kind === "array" && lengths.data.some((n) => n < 0 || n > length)) {
    throw new TensorError(
      `scan: lengths must be from 0 to ${length} (the number of steps), got ${lengths.data.join(", ")}`,
    );
  }
  if (
    resets &&
    (resets.dtype !== "bool" || resets.shape.length !== 2 || resets.shape[0] !== length || resets.shape[1] !== batch)
  ) {
    throw new TensorError(
      `scan: expected resets as bool [${length},${batch}] (time, batch), got ${resets.dtype} ${describe(resets)}`,
    );
  }
}

/** bool [batch] as a condition on the rows of `x` [batch, ...]. */
function rowsOf(condition: SymbolTensor | Tensor, x: Tensor): Tensor {
  return reshape(condition, [condition.shape[0]!, ...x.shape.slice(1).map(() => 1)]);
}
