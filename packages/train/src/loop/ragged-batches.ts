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

export type NoParts = Readonly<Record<never, Tensor>>;

export interface RaggedData<S extends Parts = NoParts, T extends Parts = NoParts> {
  readonly sequences: RaggedBatch;
  /** What a sequence has once, such as its class: arrays `[sequences, ...]`. */
  readonly perSequence?: S;
  /** What each of its steps has, such as a target: arrays `[steps, ...]`, in the order of `sequences.values`. */
  readonly perStep?: T;
}

export interface RaggedBatchesOptions extends BatchesOptions {
  /** Steps that every batch is padded to. Default: those of the longest sequence. */
  readonly steps?: number;
  /**
   * Whether sequences of like length go together, as in `batchesByLength` of @sluice/irregular. Those left over, which
   * make the short batch or are dropped, are drawn from all by the key. Default false.
   */
  readonly byLength?: boolean;
}

/**
 * Sequences padded to `[size, steps, ...]`, the longest first. Beyond its length a row holds zeros: give `lengths` to
 * layers, and to losses of every step.
 */
export type RaggedRows<S extends Parts = NoParts, T extends Parts = NoParts> = {
  readonly [name in keyof Padded]: Tensor;
} & S &
  T;

/**
 * {@link batches} of sequences of unequal length, all of one shape: nothing but the first batch is ever compiled, and
 * where a backend leaves out steps that are not there, padding costs nothing. Nor is anything copied: the arrays are
 * pieces of the data, written out when `data` is read. Rows stand longest first, so that the ones that still run are
 * the first ones; `order` says which sequence each is. A last short batch is filled up with rows of no steps and weight
 * 0, which have what the first row has once.
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

/** What goes along with the sequences, as far as there is any. */
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
