import { leavesOf, showDiagnosis, type Diagnosis, type Tree } from "@sluice/tensor";
import type { Batches, Numbered, Parts, Weighted } from "@sluice/train";

/** Where the first NaN or infinity of a split came from. */
export interface NotFiniteOrigin {
  readonly diagnosis: Diagnosis;
  /** The example it stands in, its row in the data; undefined if it is not in the data. */
  readonly example: number | undefined;
}

/** The loss on a split is not finite, or no evaluation gave a number for the watched metric. */
export class NotFiniteError extends Error {
  readonly split: "validation" | "test";
  /** Training steps before the evaluation. */
  readonly step: number;
  readonly origin: NotFiniteOrigin | undefined;

  constructor(
    problem: string,
    { split, step, origin }: Pick<NotFiniteError, "split" | "step"> & { readonly origin?: NotFiniteOrigin | undefined },
  ) {
    const found = origin === undefined ? "" : `: ${originText(origin, `data.${split}`)}`;
    super(`fit: ${problem}${found}`);
    this.name = "NotFiniteError";
    this.split = split;
    this.step = step;
    this.origin = origin;
  }
}

const originText = ({ diagnosis, example }: NotFiniteOrigin, data: string): string =>
  `${showDiagnosis(diagnosis)}${example === undefined ? "" : `; it is example ${example} of ${data}`}`;

/** The example of a batch in which a diagnosed value stands, as its row in the data. */
export function exampleOf(
  { operation, label, element, cause }: Diagnosis,
  { batch, order }: Pick<Numbered<Tree>, "batch" | "order">,
): number | undefined {
  const part = cause?.label ?? (operation === "input" ? label : undefined);
  const isData = leavesOf(batch).some(({ path }) => path === part);
  return isData && element !== undefined ? order[element[0] ?? 0] : undefined;
}

/** Whether a part of the data has a NaN or an infinity. */
export function hasNotFinite(batches: Batches<Parts>): boolean {
  for (const { batch } of batches.epoch(0)) if (!isFiniteBatch(batch)) return true;
  return false;
}

const isFiniteBatch = (batch: Weighted<Parts>): boolean =>
  leavesOf(batch).every(({ tensor }) => tensor.kind === "symbol" || tensor.data.every(Number.isFinite));

/**
 * Whether a part of integers, such as class indices, has a value below or above those of the training data. Training
 * fails at the values of its own data that the loss has no class for.
 */
export function hasFurtherIntegers(batches: Batches<Parts>, training: Batches<Parts>): boolean {
  const known = rangesOf(training);
  return [...rangesOf(batches)].some(([path, { least, largest }]) => {
    const own = known.get(path);
    return own === undefined || least < own.least || largest > own.largest;
  });
}

interface Range {
  readonly least: number;
  readonly largest: number;
}

/** The range of each part of integers in one epoch. */
function rangesOf(batches: Batches<Parts>): ReadonlyMap<string, Range> {
  const ranges = new Map<string, Range>();
  for (const { batch } of batches.epoch(0))
    for (const { path, tensor } of leavesOf(batch)) {
      if (tensor.dtype !== "i32" || tensor.kind === "symbol") continue;
      let { least, largest } = ranges.get(path) ?? { least: Infinity, largest: -Infinity };
      for (const value of tensor.data) {
        least = Math.min(least, value);
        largest = Math.max(largest, value);
      }
      ranges.set(path, { least, largest });
    }
  return ranges;
}
