import type { TrialContext } from "@sluice/study";
import { DivergedError } from "@sluice/train";
import { NotFiniteError } from "./not-finite.ts";

/**
 * Runs a training step. If it has diverged, logs how and ends the trial with the step and the first tensor that is not
 * finite.
 */
export async function divergesAs<T>(
  context: Pick<TrialContext, "log" | "diverged">,
  step: () => Promise<T>,
): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof NotFiniteError) {
      context.log(error.message);
      return context.diverged({ step: error.step, tensor: `the loss on data.${error.split}` });
    }
    if (!(error instanceof DivergedError)) throw error;
    context.log(error.message);
    const { step: number, origin } = error.divergence;
    const tensor =
      origin === undefined
        ? "the loss or the gradient norm"
        : origin.label === ""
          ? origin.operation
          : `${origin.label} (${origin.operation})`;
    return context.diverged({ step: number, tensor });
  }
}
