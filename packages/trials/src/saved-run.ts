import { readSafetensors, SafetensorsError } from "@sluice/formats";
import type { Bytes, Tree } from "@sluice/tensor";
import { loadState, saveState, type TrainState } from "@sluice/train";
import type { ModelWeights } from "./model.ts";
import type { HistoryRow, StepSums } from "./history.ts";

const name = "sluice.fit";

/** The numbers of a saved run. */
interface RunNumbers {
  /** What must be the same to resume a run. */
  readonly seed: number;
  readonly size: number;
  /** The windows of truncated back-propagation, such as `k1 4, k2 8`; `none` for whole sequences. */
  readonly windows: string;
  /** What the training is shuffled in: `whole`, or of a stream `buffer 1000`. */
  readonly shuffle: string;
  /** Steps after which the epochs of a stream ended. */
  readonly ends: readonly number[];
  readonly history: readonly HistoryRow[];
  /** Sums over the steps since the last row. */
  readonly sums: StepSums;
}

/** Everything needed to resume a run. */
export interface SavedRun<P extends Tree> extends RunNumbers {
  readonly training: TrainState<P, Tree, Tree>;
  /** The best weights so far; before any evaluation, the initial weights. */
  readonly best: ModelWeights<P>;
}

/** A run as one safetensors file, bit for bit. */
export function saveRun<P extends Tree>({ training, best, ...numbers }: SavedRun<P>): Promise<Bytes> {
  const { params, buffers } = best;
  return saveState({ training, best: { params, buffers } }, { metadata: { [name]: JSON.stringify(numbers, encoded) } });
}

/**
 * The run that {@link saveRun} wrote; `like` has its arrays' shapes.
 *
 * @throws an error where the file is no such run, is damaged, or is of another model, optimizer, seed, batch size, windows or shuffle.
 */
export async function loadRun<P extends Tree>(
  bytes: Uint8Array,
  like: Pick<SavedRun<P>, "training" | "best" | "seed" | "size" | "windows" | "shuffle">,
): Promise<SavedRun<P>> {
  const text = readSafetensors(bytes).metadata[name];
  if (text === undefined)
    throw new SafetensorsError("the file is not a checkpoint of fit; make one with `checkpoint()` of its result");
  const { seed, size, windows, shuffle = "whole", ends = [], history, sums }: RunNumbers = JSON.parse(text, decoded);
  // Always in this order, so that a resumed run has the bytes of one that was not interrupted.
  const numbers = { seed, size, windows, shuffle, ends, history, sums };
  for (const what of ["seed", "size", "windows", "shuffle"] as const)
    if (numbers[what] !== like[what])
      throw new SafetensorsError(
        `the checkpoint is of a run with the ${what} ${numbers[what]}, but this run has ${like[what]}; use the same to resume`,
      );
  const { params, buffers } = like.best;
  const { training, best } = await loadState(bytes, { training: like.training, best: { params, buffers } });
  return { training, best, ...numbers };
}

/** JSON cannot represent NaN, infinities or -0. */
const encoded = (_: string, value: unknown): unknown =>
  typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
    ? { $number: Object.is(value, -0) ? "-0" : String(value) }
    : value;

const decoded = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && "$number" in value ? Number(value.$number) : value;
