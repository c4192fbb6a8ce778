import { chain, type GradientTransform } from "@sluice/clip";
import { descend, type LearningRate } from "./descend.ts";
import { decayOf, type Decays } from "./weight-decay.ts";

/** Options that every optimizer has. */
export interface OptimizerOptions {
  /** The learning rate eta, or a schedule of it. */
  readonly learningRate: LearningRate;
  /** Weight decay lambda. Default 0. */
  readonly weightDecay?: number;
  /** Which parameters decay; default: all. */
  readonly decays?: Decays;
}

/** Options of an optimizer whose weight decay may be an L2 penalty or decoupled. */
export interface DecoupledOptimizerOptions extends OptimizerOptions {
  /**
   * False: L2, `g <- g + lambda w` before anything else. True: decoupled, `w <- w - eta lambda w` (Loshchilov and
   * Hutter 2019, arXiv 1711.05101). Default false.
   */
  readonly decoupled?: boolean;
}

export const optimizerOptions = ["learningRate", "weightDecay", "decays"];

/** The chain of weight decay, `scaling` and the learning rate, under the name `name`. */
export function stepped(
  name: string,
  scaling: GradientTransform,
  { learningRate, weightDecay = 0, decays, decoupled = false }: DecoupledOptimizerOptions,
): GradientTransform {
  const decayed = decayOf(name, weightDecay, decays);
  const members = decoupled ? [scaling, ...decayed] : [...decayed, scaling];
  return { ...chain(...members, descend(learningRate)), name };
}
