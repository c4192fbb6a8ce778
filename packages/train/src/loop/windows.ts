import {
  isTensor,
  leavesOf,
  mapTree,
  tensor,
  TensorError,
  valuesOf,
  type DType,
  type Shape,
  type Tensor,
  type Tree,
  type Values,
} from "@sluice/tensor";
import {
  checkOptions,
  describe,
  piecewiseArray,
  sameShape,
  showShape,
  sizeOf,
  type Piece,
  shown,
} from "@sluice/tensor/internal";
import type { Batches, Weighted } from "./batches.ts";
import { everyStep } from "./every-step.ts";
import { keepingLast } from "./keeping-last.ts";

/** Options of {@link windows}. */
export interface WindowsOptions {
  /** The number of steps from one window to the next, k1. A window's loss counts its last k1 steps. */
  readonly k1: number;
  /** The number of steps of a window, k2 >= k1: how far the gradient goes back. Default k1. */
  readonly k2?: number;
  /** Names of the arrays `[batch, time]`, with one number per step. Not needed for batches of `raggedBatches`. */
  readonly perStep?: readonly string[];
  /** Names of the arrays with one entry per sequence, such as `[batch, features]`. They are passed on whole. */
  readonly perSequence?: readonly string[];
}

/** A window of the data, `[batch, k2, ...]`. */
export type Window<D> = D & {
  /**
   * The weight of each step's loss, f32 `[batch, k2]`: pass it to the loss as its mask. Over the windows of a sequence
   * each of its steps counts once.
   */
  readonly counted: Tensor;
  /** Where a sequence begins, bool `[batch, k2]`: pass it to `apply`. Nothing from before then reaches the sequence. */
  readonly resets: Tensor;
};

/**
 * Cuts batches of long sequences into windows for truncated back-propagation through time, TBPTT(k1, k2) (Williams,
 * Peng 1990, who write h' and h; Sutskever 2013): after every k1 steps the gradient of the last k1 losses goes back
 * through the last k2 steps. Window n holds the steps
 *
 *     (n + 1) k1 - k2, ..., (n + 1) k1 - 1
 *
 * of its sequences, and the next window begins k1 steps later: with `carryAfter: k1`, `apply` returns the state at that
 * point as `carry`. Steps before the first and after the last are zeros that do not count; the next batch's sequences
 * begin with a reset. All windows have one shape and are a pure function of the step, as the batches are. If the data
 * has lengths, the windows of a batch end with its longest sequence, so every window counts something, and the number
 * of windows differs between epochs.
 *
 * Arrays `[batch, time, ...]` with three axes or more are cut. Arrays with one axis, such as labels and weights, are
 * passed on whole, except `lengths` (i32 `[batch]`), the steps of each row, which become the steps in the window. An
 * array with two axes could be `[batch, time]` or `[batch, features]`: say which. `resets` (bool `[batch, time]`) of
 * rows with several sequences, and `counted` (f32 `[batch, time]`) of a loss that does not count every step, are
 * respected.
 */
export function windows<D extends { readonly [name: string]: Tree }>(
  sequences: Batches<D>,
  options: WindowsOptions,
): Batches<Window<D>> {
  checkOptions("windows", options, ["k1", "k2", "perStep", "perSequence"], {
    stride: "k1",
    bptt: "k2",
    size: "k2",
    steps: "k2",
  });
  const { k1, k2 = k1 } = options;
  if (!Number.isInteger(k1) || k1 < 1)
    throw new TensorError(`windows: expected k1 as an integer >= 1, got ${shown(k1)}`);
  if (!Number.isInteger(k2) || k2 < k1)
    throw new TensorError(
      `windows: expected k2 as an integer >= k1, which is ${k1}, so that no step is left out; got ${k2}`,
    );
  const cuts = cutParts(sequences, options);
  const time = timeOf(sequences.at(0).batch, cuts);
  const { place, stepsIn } = numberWindows(sequences, (batch) =>
    Math.ceil((sequences.longestAt?.(batch) ?? time) / k1),
  );
  const batchAt = keepingLast(sequences.at);
  return everyStep("windows", {
    examples: sequences.examples,
    stepsIn,
    at(step) {
      const { batch: number, window } = place(step);
      const { batch, ...numbered } = batchAt(number);
      const end = (window + 1) * k1;
      return { ...numbered, batch: windowOf(batch, { begin: end - k2, end, counts: end - k1 }, cuts), step };
    },
  });
}

/** Whether an array of a batch has a time axis. */
type Cuts = (path: string, x: Tensor) => boolean;

function cutParts({ perStep: known }: Batches<unknown>, { perStep = [], perSequence = [] }: WindowsOptions): Cuts {
  const among = (names: readonly string[], path: string): boolean =>
    names.some((name) => path === name || path.startsWith(`${name}.`));
  const both = perStep.find((name) => perSequence.includes(name));
  if (both !== undefined) throw new TensorError(`windows: ${both} is given as perStep and as perSequence`);
  return (path, x) => {
    if (x.shape.length < 2 || among(perSequence, path)) return false;
    if (known !== undefined) return known.has(path);
    if (x.shape.length > 2 || path === "counted" || path === "resets" || among(perStep, path)) return true;
    const name = path.split(".")[0]!;
    throw new TensorError(
      `windows: ${path} ${describe(x)} may have one number for each of ${x.shape[1]} steps, or ${x.shape[1]} of a sequence; say which: perStep: ["${name}"] or perSequence: ["${name}"]`,
    );
  };
}

interface Windows {
  /** The batch of a step, and the window in it. */
  place(step: number): { readonly batch: number; readonly window: number };
  stepsIn(epochs: number): number;
}

/** Numbers the windows of all batches one after the other. */
function numberWindows(sequences: Batches<unknown>, windowsOf: (batch: number) => number): Windows {
  const starts = [0];
  const ofEpoch = keepingLast((epoch) => {
    const first = sequences.stepsIn(epoch);
    return Array.from({ length: sequences.stepsIn(epoch + 1) - first }, (_, i) => windowsOf(first + i));
  });
  const stepsIn = (epochs: number): number => {
    for (let epoch = starts.length - 1; epoch < epochs; epoch++) {
      const count = ofEpoch(epoch).reduce((sum, n) => sum + n, 0);
      if (count === 0) throw new TensorError(`windows: the sequences of epoch ${epoch} have no steps`);
      starts.push(starts[epoch]! + count);
    }
    return starts[epochs]!;
  };
  return {
    stepsIn,
    place(step) {
      while (starts.at(-1)! <= step) stepsIn(starts.length);
      const epoch = starts.findLastIndex((start) => start <= step);
      let [batch, window] = [sequences.stepsIn(epoch), step - starts[epoch]!];
      for (const count of ofEpoch(epoch)) {
        if (window < count) break;
        batch++;
        window -= count;
      }
      return { batch, window };
    },
  };
}

interface Span {
  readonly begin: number;
  readonly end: number;
  /** The first step that counts. */
  readonly counts: number;
}

function windowOf<D extends { readonly [name: string]: Tree }>(
  batch: Weighted<D>,
  { begin, end, counts }: Span,
  cuts: Cuts,
): Weighted<Window<D>> {
  const rows = batch.weight.shape[0]!;
  const steps = end - begin;
  const time = timeOf(batch, cuts);
  const lengths = partOf(batch, "lengths", "i32", [rows]);
  const own = {
    counted: partOf(batch, "counted", "f32", [rows, time]),
    resets: partOf(batch, "resets", "bool", [rows, time]),
  };
  const stepByStep = (f: (row: number, t: number) => number): number[] =>
    Array.from({ length: rows * steps }, (_, i) => f(Math.floor(i / steps), begin + (i % steps)));
  const weight = valuesOf(batch.weight);
  const counted = stepByStep((row, t) => {
    if (t < counts || t >= (lengths?.[row] ?? time)) return 0;
    return own.counted?.[row * time + t] ?? weight[row]!;
  });
  const resets = stepByStep((row, t) => (t === 0 ? 1 : t < 0 || t >= time ? 0 : (own.resets?.[row * time + t] ?? 0)));
  const cut = mapTree(batch, (x, path) => {
    if (path === "lengths")
      return tensor(Int32Array.from(valuesOf(x), (length) => Math.min(Math.max(length - begin, 0), steps)));
    return cuts(path, x) ? stepsOf(x, begin, end) : x;
  });
  return { ...cut, counted: tensor(counted, [rows, steps]), resets: tensor(resets, [rows, steps], { dtype: "bool" }) };
}

/**
 * Steps `begin` to `end` of `[batch, time, ...]`, as pieces of the original, with zeros before the first and after the
 * last step.
 */
function stepsOf(x: Tensor, begin: number, end: number): Tensor {
  const [rows, time, ...shape] = x.shape;
  const width = sizeOf(shape);
  const [first, last] = [Math.max(begin, 0), Math.min(end, time!)];
  const from = (x.kind === "array" ? x.pieces : undefined) ?? [{ at: 0, values: valuesOf(x) }];
  const pieces: Piece[] = [];
  for (let row = 0; row < rows!; row++) {
    const [start, stop] = [(row * time! + first) * width, (row * time! + last) * width];
    const moved = (row * (end - begin) + first - begin) * width - start;
    for (const { at, values } of from) {
      const [low, high] = [Math.max(at, start), Math.min(at + values.length, stop)];
      if (low < high) pieces.push({ at: low + moved, values: values.subarray(low - at, high - at) });
    }
  }
  return piecewiseArray([rows!, end - begin, ...shape], pieces, x.dtype);
}

function timeOf(batch: Tree, cuts: Cuts): number {
  const cut = leavesOf(batch).filter(({ path, tensor: x }) => cuts(path, x));
  const [first] = cut;
  if (first === undefined)
    throw new TensorError(
      "windows: expected sequences [batch, time, ...], but no array of a batch has an axis of time",
    );
  const time = first.tensor.shape[1]!;
  const other = cut.find(({ tensor: x }) => x.shape[1] !== time);
  if (other !== undefined)
    throw new TensorError(
      `windows: ${first.path} ${describe(first.tensor)} has ${time} steps but ${other.path} has the shape ${describe(other.tensor)}`,
    );
  return time;
}

/** The values of the batch's array `name`, if there is one. */
function partOf(
  batch: { readonly [name: string]: Tree },
  name: string,
  dtype: DType,
  shape: Shape,
): Values | undefined {
  const part = batch[name];
  if (part === undefined) return undefined;
  if (isTensor(part) && part.dtype === dtype && sameShape(part.shape, shape)) return valuesOf(part);
  throw new TensorError(
    `windows: ${name} must be ${dtype} ${showShape(shape)}, got ${isTensor(part) ? `${part.dtype} ${describe(part)}` : "several arrays"}`,
  );
}
