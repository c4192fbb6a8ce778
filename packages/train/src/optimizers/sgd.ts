import { TensorError } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { descend, type LearningRate } from "./descend.ts";
import { momentum as withMomentum } from "./momentum.ts";
import { chain, type GradientTransform } from "@sluice/clip";
import { decayOf, type Decays } from "./weight-decay.ts";

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** The learning rate eta, or a schedule of it. */
  readonly learningRate: LearningRate;
  /** Momentum mu. Default 0: no momentum, and no state for it. */
  readonly momentum?: number;
  /** Nesterov's momentum. Default false. */
  readonly nesterov?: boolean;
  /** Reduces the weight of each gradient in the velocity to 1 - dampening. Default 0. */
  readonly dampening?: number;
  /** L2: `g <- g + lambda w` before anything else. Default 0. */
  readonly weightDecay?: number;
  /** Which parameters decay; default: all. */
  readonly decays?: Decays;
}

/** Other libraries' names of these options, for the error about an unknown option. */
export const aliases = {
  lr: "learningRate",
  rate: "learningRate",
  learning_rate: "learningRate",
  weight_decay: "weightDecay",
  eps: "epsilon",
  betas: "beta1",
  alpha: "rho",
  centered: "centred",
};

/**
 * Stochastic gradient descent with momentum, as PyTorch's `SGD`: `g <- g + lambda w; v <- mu v + (1 - dampening) g; w
 * <- w - eta v`.
 */
export function sgd(options: SgdOptions): GradientTransform {
  checkOptions("sgd", options, ["learningRate", "momentum", "nesterov", "dampening", "weightDecay", "decays"], aliases);
  const { learningRate, momentum = 0, nesterov = false, dampening = 0, weightDecay = 0, decays } = options;
  if (nesterov && (momentum === 0 || dampening !== 0)) {
    throw new TensorError(
      `sgd: nesterov needs a momentum above 0 and a dampening of 0, got momentum ${momentum}, dampening ${dampening}`,
    );
  }
  const members = [
    ...decayOf("sgd", weightDecay, decays),
    ...(momentum === 0 ? [] : [withMomentum(momentum, { nesterov, dampening })]),
    descend(learningRate),
  ];
  return { ...chain(...members), name: "sgd" };
}
