import { TensorError } from "@sluice/tensor";
import type { Batches, Numbered, Weighted } from "./batches.ts";

/** {@link Batches} from what they are at one step. */
export function everyStep<D>(
  operation: string,
  { examples, perEpoch, at: atStep }: { readonly examples: number; readonly perEpoch: number; at(step: number): Numbered<Weighted<D>> },
): Batches<D> {
  const at = (step: number): Numbered<Weighted<D>> => {
    if (!Number.isInteger(step) || step < 0) throw new TensorError(`${operation}: expected a step >= 0, got ${step}`);
    return atStep(step);
  };
  function* from(first: number, end = Infinity): Generator<Numbered<Weighted<D>>> {
    for (let step = first; step < end; step++) yield at(step);
  }
  return { examples, perEpoch, at, from, epoch: (epoch) => from(epoch * perEpoch, (epoch + 1) * perEpoch) };
}
