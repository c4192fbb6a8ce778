import { batchesByLength, lengthsOf, raggedBatch, toPadded, type Padded, type RaggedBatch } from "@sluice/irregular";
import {
  leavesOf,
  mapTree,
  tensor,
  TensorError,
  valuesOf,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { checkOptions, describe, piecewiseArray, sizeOf } from "@sluice/tensor/internal";
import { filledUp, longestOf, rowsOf, weightOf, type Batches, type BatchesOptions } from "./batches.ts";
import { cutEpochs } from "./cut-epochs.ts";
import { everyStep } from "./every-step.ts";

/** Arrays by name. */
export type Parts = { readonly [name: string]: Tree };

/** No accompanying arrays. */
export type NoParts = Readonly<Record<never, Tensor>>;

/** Sequences of different lengths, with arrays that accompany them. */
export interface RaggedData<S extends Parts = NoParts, T extends Parts = NoParts> {
  readonly sequences: RaggedBatch;
  /** Arrays with one entry per sequence, such as its class: `[sequences, ...]`. */
  readonly perSequence?: S;
  /** Arrays with one entry per step, such as a target: `[steps, ...]`, in the order of `sequences.values`. */
  readonly perStep?: T;
}

/** Options of {@link raggedBatches}. */
export interface RaggedBatchesOptions extends BatchesOptions {
  /** The number of steps to which every batch is padded. Default: that of the longest sequence. */
  readonly steps?: number;
  /**
   * Whether to batch sequences of similar length, as `batchesByLength` of @sluice/irregular does. The sequences left
   * over, which form the small batch or are dropped, are drawn from all with the key. Default false.
   */
  readonly byLength?: boolean;
}

/**
 * Sequences padded to `[size, steps, ...]`, the longest first. Beyond its length a row contains zeros: pass `lengths`
 * to layers, and to losses of every step.
 */
export type RaggedRows<S extends Parts = NoParts, T extends Parts = NoParts> = {
  readonly [name in keyof Padded]: Tensor;
} & S &
  T;

/**
 * {@link batches} for sequences of different lengths. All batches have one shape, so only the first one is compiled. If
 * the backend skips steps beyond the lengths, padding costs nothing. Nothing is copied: the arrays are pieces of the
 * data and are written only when `data` is read. Rows are sorted longest first, so the rows that are still running come
 * first; `order` tells which sequence each row holds. A last batch that is too small is padded with rows of zero steps
 * and weight 0, which repeat the per-sequence values of the first row.
 */
export function raggedBatches<S extends Parts = NoParts, T extends Parts = NoParts>(
  data: RaggedData<S, T>,
  options: RaggedBatchesOptions,
): Batches<RaggedRows<S, T>> {
  checkOptions("raggedBatches", options, ["size", "key", "last", "steps", "byLength"], {
    batchSize: "size",
    shuffle: "key",
    drop_last: "last",
    maxLength: "steps",
    bucket: "byLength",
  });
  const { sequences } = data;
  const lengths = Array.from(lengthsOf(sequences).data);
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const { size, steps = longest, byLength = false } = options;
  if (!Number.isInteger(steps) || steps < longest)
    throw new TensorError(`raggedBatches: the longest sequence has ${longest} steps, which do not fit into ${steps}`);
  const { perSequence, perStep } = partsOf(data);
  const ragged = new Map(
    leavesOf(perStep).map(({ path, tensor: x }) => [
      path,
      raggedBatch({ values: flat(x), offsets: sequences.offsets }),
    ]),
  );
  const cut = cutEpochs("raggedBatches", {
    ...options,
    examples: lengths.length,
    ...(byLength && { cut: (key) => batchesByLength(sequences, { size, ...(key && { key }) }) }),
  });

  return everyStep("raggedBatches", {
    examples: lengths.length,
    stepsIn: cut.stepsIn,
    longestAt: longestOf(lengths, cut),
    perStep: new Set(["x", "elapsed", "mask", ...ragged.keys()]),
    at(step) {
      const numbered = cut.at(step);
      const order = numbered.order.toSorted((a, b) => lengths[b]! - lengths[a]!);
      const padded = (whole: RaggedBatch): Padded => toPadded(whole, { sequences: order, rows: size, steps });
      const rows = padded(sequences);
      const batch = {
        ...rows,
        ...rowsOf(perSequence, filledUp(order, size)),
        ...mapTree(perStep, (x, path) =>
          piecewiseArray([size, steps, ...x.shape.slice(1)], padded(ragged.get(path)!).x.pieces!, x.dtype),
        ),
        weight: weightOf(order, size),
      };
      return { ...numbered, order, batch };
    },
  });
}

/** `[steps, ...]` as `[steps, features]`. */
function flat(x: Tensor): ArrayTensor {
  return tensor(valuesOf(x), [x.shape[0]!, sizeOf(x.shape.slice(1))], { dtype: x.dtype });
}

/** The arrays that accompany the sequences, if there are any. */
function partsOf<S extends Parts, T extends Parts>(
  data: RaggedData<S, T>,
): { readonly perSequence: S; readonly perStep: T };
function partsOf({ sequences, perSequence = {}, perStep = {} }: RaggedData<Parts, Parts>): {
  readonly perSequence: Parts;
  readonly perStep: Parts;
} {
  const own = [
    "x",
    "lengths",
    ...(["elapsed", "mask"] as const).filter((name) => sequences[name] !== undefined),
    "weight",
  ];
  const names = [...own, ...Object.keys(perSequence), ...Object.keys(perStep)];
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new TensorError(`raggedBatches: ${twice} is the name of two parts of a batch; rename one of them`);
  const [steps, count] = [sequences.values.shape[0]!, sequences.offsets.data.length - 1];
  for (const [given, expected, of, parts] of [
    ["perSequence", count, "sequences", perSequence],
    ["perStep", steps, "steps", perStep],
  ] as const) {
    const strange = leavesOf(parts).find(({ tensor: x }) => x.shape[0] !== expected);
    if (strange === undefined) continue;
    throw new TensorError(
      `raggedBatches: ${given} ${strange.path} must be [${expected}, ...], as there are ${expected} ${of}, got ${describe(strange.tensor)}`,
    );
  }
  return { perSequence, perStep };
}
