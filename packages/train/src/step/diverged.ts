import { diagnose, showDiagnosis, tensorsOf, recordProgram, type Diagnosis, type Tree } from "@sluice/tensor";
import { isArray } from "@sluice/tensor/internal";
import type { LossResult } from "./loss.ts";
import type { TrainState, TrainStep } from "./train-step.ts";

/** Information about a step whose loss or gradient is not finite. */
export interface Divergence {
  /** The step, from 0. */
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  /**
   * The origin of the first NaN or infinity, found by running the step on the reference backend. Undefined if
   * everything is finite there.
   */
  readonly origin: Diagnosis | undefined;
  /** The example that the origin stands in, its row in the training data; absent if it is not in the data. */
  readonly example?: number;
}

/** Training has diverged. The trainer keeps the last good state, which you can save. */
export class DivergedError extends Error {
  readonly divergence: Divergence;

  constructor(divergence: Divergence) {
    const { step, loss, gradientNorm, origin, example } = divergence;
    const first = origin === undefined ? "the reference backend finds every value finite" : showDiagnosis(origin);
    super(
      `training diverged at step ${step}: loss ${loss}, gradient norm ${gradientNorm}; ${first}${example === undefined ? "" : `; it is example ${example} of the training data`}`,
    );
    this.name = "DivergedError";
    this.divergence = divergence;
  }
}

/**
 * Evaluates loss and gradient of a step on the reference backend, operation by operation, and says where the first
 * non-finite value came from.
 */
export function diagnoseStep<P extends Tree, B extends Tree, R extends LossResult, C extends Tree, F extends Tree>(
  step: TrainStep<P, B, R, C, F>,
  state: TrainState<P, C, F>,
  batch: B,
): Diagnosis | undefined {
  const { program } = recordProgram((s: TrainState<P, C, F>, b: B) => step.backward(s, b), [state, batch]);
  return diagnose(program, tensorsOf([state, batch]).filter(isArray));
}
