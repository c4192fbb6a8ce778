import type { Tensor, Tree } from "@sluice/tensor";
import type { Parts } from "@sluice/train";
import type { Measured } from "../evaluate-model.ts";
import type { TrainingTask } from "../training.ts";

/** What a trial of a known kind trains: a {@link TrainingTask} whose loss and metrics are those of the kind. */
export type KnownTask<P extends Tree, E, B extends Parts, M extends string, O extends Tree = Tensor> = Omit<
  TrainingTask<P, E, B, O, M>,
  "loss" | "metrics" | "validated" | "tested" | "perStep"
>;

/** The accuracy in per cent. Recovers the number of right answers from the mean in f32, which is rounded. */
export function percentRight({ metrics, weight }: Measured<"accuracy">): number {
  return (100 * Math.round(metrics.accuracy * weight)) / weight;
}
