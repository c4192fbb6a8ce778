import { TensorError } from "@sluice/tensor";
import type { Batches, Numbered, Weighted } from "./batches.ts";

/** Makes {@link Batches} from a function that makes the batch of one step. */
export function everyStep<D>(
  operation: string,
  { at: atStep, ...rest }: Pick<Batches<D>, "examples" | "stepsIn" | "at" | "longestAt" | "perStep">,
): Batches<D> {
  const at = (step: number): Numbered<Weighted<D>> => {
    if (!Number.isInteger(step) || step < 0) throw new TensorError(`${operation}: expected a step >= 0, got ${step}`);
    return atStep(step);
  };
  function* from(first: number, end = Infinity): Generator<Numbered<Weighted<D>>> {
    for (let step = first; step < end; step++) yield at(step);
  }
  return { ...rest, at, from, epoch: (epoch) => from(rest.stepsIn(epoch), rest.stepsIn(epoch + 1)) };
}
