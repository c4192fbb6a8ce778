import { TensorError } from "../errors.ts";
import { nth, zip } from "../lists.ts";
import { checkOptions } from "../options.ts";
import { less } from "../primitives/comparison.ts";
import { select } from "../primitives/elementwise.ts";
import { iota } from "../primitives/indexing.ts";
import { reshape } from "../primitives/layout.ts";
import type { ScanOperation } from "../primitives/operation.ts";
import { close } from "../program/close.ts";
import { input, type Program } from "../program/program.ts";
import { showShape } from "../shape.ts";
import { describe, type SymbolTensor, type Tensor, type Type } from "../tensor.ts";
import { leavesOf, matchTree, tensorsOf, treeFrom, type Leaf, type Tree } from "../tree.ts";
import { zeroBeyond } from "./beyond.ts";
import { applyScan } from "./primitive.ts";
import { segmentedScan } from "./segments.ts";
import { shown } from "../shown.ts";

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
  const { reverse = false, lengths, segment } = options;
  if (segment !== undefined && (!Number.isInteger(segment) || segment < 1))
    throw new TensorError(`scan: expected a segment of at least 1 step, got ${shown(segment)}`);
  const [states, sequences] = [leavesOf(initial), leavesOf(xs)];
  const length = lengthOf(tensorsOf(xs), options);
  checkRows(states, sequences, options);
  checkMasks(options, length);

  const { result, body, captures, slices } = recordStep(step, initial, xs, options);
  const operation: ScanOperation = {
    op: "scan",
    body,
    captures: captures.length,
    states: states.length,
    sequences: slices,
    length,
    reverse,
    ...(lengths ? { lengths: captures.length - 1 } : {}),
  };
  const inputs = [...captures, ...tensorsOf(initial), ...sequencesOf(sequences, length, options)];
  const scanned = segment === undefined ? applyScan(operation, inputs) : segmentedScan(operation, inputs, segment);
  return {
    state: treeFrom(initial, scanned.slice(0, states.length)),
    output: treeFrom(result.output, scanned.slice(states.length)),
  };
}

/** A step as the body of a loop. */
interface RecordedStep<S extends Tree, Y extends Tree> {
  readonly result: { readonly state: S; readonly output: Y };
  readonly body: Program;
  /** The tensors that it uses from outside; the lengths, if there are any, come last. */
  readonly captures: readonly Tensor[];
  /** The number of slices that it takes: those of `xs`, the resets and the number of the step. */
  readonly slices: number;
}

/** Records a step, with what `lengths` and `resets` do before and after it. */
function recordStep<S extends Tree, X extends Tree, Y extends Tree>(
  step: (state: S, x: X) => { state: S; output: Y },
  initial: S,
  xs: X,
  options: ScanOptions,
): RecordedStep<S, Y> {
  const { lengths, resets } = options;
  const states = leavesOf(initial).map(({ path, tensor }) => input(tensor, path));
  const slices = leavesOf(xs).map(({ path, tensor }) => input(sliceType(tensor), path));
  const reset = resets && input({ shape: resets.shape.slice(1), dtype: "bool" }, "resets");
  const now = lengths && { step: input({ shape: [], dtype: "i32" }, "step"), lengths: input(lengths, "lengths") };

  const start = reset
    ? zip(states, tensorsOf(initial)).map(([h, first]) => select(rowsOf(reset, h), first, h))
    : states;
  const result = step(treeFrom(initial, start), treeFrom(xs, slices));
  const after = matchTree("scan: the state that the step returns", initial, result.state);
  const active = now && less(now.step, now.lengths);
  const next = active ? zip(after, states).map(([h, before]) => select(rowsOf(active, h), h, before)) : after;
  const outputs = leavesOf(result.output).map((leaf) => {
    if (active === undefined) return leaf.tensor;
    checkBatch("output", [leaf], batchOf(options));
    return select(rowsOf(active, leaf.tensor), leaf.tensor, 0);
  });

  const extra = [reset, now?.step].filter((x) => x !== undefined);
  const own = [...(now ? [now.lengths] : []), ...states, ...slices, ...extra];
  const { program, captures } = close(own, [...next, ...outputs]);
  return {
    result,
    body: program,
    captures: lengths ? [...captures, lengths] : captures,
    slices: slices.length + extra.length,
  };
}

/** What the loop reads slice by slice: `xs`, the resets, and with lengths the number of each step. */
function sequencesOf(xs: readonly Leaf[], length: number, { lengths, resets }: ScanOptions): Tensor[] {
  const read = xs.map(({ tensor }) =>
    lengths === undefined || tensor.shape.length < 2 ? tensor : zeroBeyond(tensor, lengths, { time: 0, batch: 1 }),
  );
  return [...read, ...(resets ? [resets] : []), ...(lengths ? [iota([length])] : [])];
}

function sliceType({ shape, dtype }: Tensor): Type {
  return { shape: shape.slice(1), dtype };
}

function lengthOf(sequences: readonly Tensor[], { length }: ScanOptions): number {
  if (length !== undefined && (!Number.isInteger(length) || length < 0))
    throw new TensorError(`scan: expected a length that is an integer >= 0, got ${shown(length)}`);
  const scalars = sequences.filter((x) => x.shape.length === 0);
  if (scalars.length > 0)
    throw new TensorError(`scan: sequence ${scalars.map(describe).join(", ")} has no time axis (axis 0)`);
  const lengths = [...new Set([...sequences.map((x) => nth(x.shape, 0)), ...(length === undefined ? [] : [length])])];
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

/** The number of rows that `lengths` or `resets` have. */
function batchOf({ lengths, resets }: ScanOptions): number | undefined {
  return lengths?.shape[0] ?? resets?.shape[1];
}

function checkRows(states: readonly Leaf[], sequences: readonly Leaf[], options: ScanOptions): void {
  const batch = batchOf(options);
  checkBatch("state", states, batch);
  if (options.lengths === undefined) return;
  const slices = sequences.map(({ path, tensor }) => ({ path, tensor: sliceType(tensor) }));
  checkBatch(
    "slices of sequence",
    slices.filter(({ tensor }) => tensor.shape.length > 0),
    batch,
  );
}

function checkBatch(
  role: "state" | "output" | "slices of sequence",
  tensors: readonly { readonly path: string; readonly tensor: Type }[],
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

function checkMasks(options: ScanOptions, length: number): void {
  const { lengths, resets } = options;
  const batch = batchOf(options);
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
  return reshape(condition, [nth(condition.shape, 0), ...x.shape.slice(1).map(() => 1)]);
}
