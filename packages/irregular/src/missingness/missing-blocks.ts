import { keyFor, TensorError, uniform, valuesOf } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { RaggedBatch } from "../ragged/ragged-batch.ts";
import { candidatesOf, hide, type Candidates, type Hidden, type HideOptions } from "./hidden.ts";

/** Options of {@link missingBlocks}. */
export interface MissingBlocksOptions extends HideOptions {
  /** The steps of a block. A shorter sequence is hidden whole. */
  readonly steps: number;
  /** The variables of a block: neighbours in the list of `variables`. Default 1: subsequences of single variables. */
  readonly width?: number;
}

/**
 * Hides blocks of `steps` steps and `width` variables, as when a sensor fails for a while. A sequence is
 * drawn with a probability that grows with its length, and every place at which a block fits into it is equally likely,
 * so that the first and last steps of a sequence are hidden less often than those between them. Blocks may overlap. They
 * are added until `rate` of the observed values is hidden, so that the last one may exceed it a little.
 *
 * pygrinder's `seq_missing` and `block_missing` draw places in the same way, but a number of blocks instead of a rate,
 * so that overlaps and what was missing before lower theirs; with `rate` set to what they reach, the shares by step and
 * by variable are theirs.
 */
export function missingBlocks(batch: RaggedBatch, options: MissingBlocksOptions): Hidden {
  const name = "missingBlocks";
  const candidates = candidatesOf(name, batch, options, ["steps", "width"]);
  const { steps, width = 1, rate, key } = options;
  checkCount(name, "steps", steps, Number.MAX_SAFE_INTEGER);
  checkCount(name, "width", width, candidates.variables.length);
  const wanted = rate * candidates.places.length;
  const hidden = new Set<number>();
  for (let round = 0; hidden.size < wanted; round++) {
    const u = valuesOf(uniform(keyFor(key, `${round}`), [1024, 2]));
    for (let draw = 0; draw < 1024 && hidden.size < wanted; draw++)
      for (const at of blockAt(batch, candidates, { steps, width, u: [u[2 * draw] ?? 0, u[2 * draw + 1] ?? 0] }))
        hidden.add(at);
  }
  return hide(batch, hidden, candidates);
}

/** The observed values of a block. `u` are two numbers in [0, 1): they choose the step and the variable. */
function blockAt(
  { offsets: { data } }: RaggedBatch,
  { steps: total, features, variables, isObserved }: Candidates,
  { steps, width, u }: { readonly steps: number; readonly width: number; readonly u: readonly [number, number] },
): number[] {
  const any = u[0] * total;
  const sequence = data.findLastIndex((offset) => offset <= any);
  const [from, to] = [data[sequence] ?? 0, data[sequence + 1] ?? total];
  // Where the draw lies in its sequence is uniform too, and chooses one of the places at which a block fits.
  const places = Math.max(1, to - from - steps + 1);
  const first = from + Math.min(places - 1, Math.floor(((any - from) / (to - from)) * places));
  const left = Math.floor(u[1] * (variables.length - width + 1));
  const block = variables.slice(left, left + width);
  return Array.from({ length: Math.min(steps, to - first) }, (_, t) =>
    block.map((variable) => (first + t) * features + variable).filter(isObserved),
  ).flat();
}

function checkCount(operation: string, option: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  const range = most === Number.MAX_SAFE_INTEGER ? ">= 1" : `from 1 to ${most}, the number of variables`;
  throw new TensorError(`${operation}: ${option} must be an integer ${range}, got ${shown(value)}`);
}
