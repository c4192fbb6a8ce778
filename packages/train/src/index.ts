// The training step
export { trainStep } from "./step/train-step.ts";
export type { StepReport, TrainState, TrainStep, TrainStepOptions } from "./step/train-step.ts";
export type { Loss, LossContext, LossResult, Reported } from "./step/loss.ts";
export type { NoBuffers } from "./step/buffers.ts";
export type { NoCarry } from "./step/carry.ts";
export type { BatchGradient, Differentiate, GradientMethod } from "./step/gradients.ts";
export { type PerExampleOptions, perExample } from "./step/per-example.ts";
export { type StepResult, type Trainer, type TrainerOptions, trainer } from "./step/trainer.ts";
export { type Evaluation, type Evaluator, type EvaluatorOptions, evaluator } from "./step/evaluator.ts";
export { DivergedError, type Divergence, diagnoseStep } from "./step/diverged.ts";
export type { MetricsOf } from "./step/numbers.ts";

// Optimizers
export { type SgdOptions, sgd } from "./optimizers/sgd.ts";
export { type RmspropOptions, rmsprop } from "./optimizers/rmsprop.ts";
export { type AdamOptions, type MomentsOptions, adam, adamw, moments } from "./optimizers/adam.ts";
export { type AdagradOptions, adagrad } from "./optimizers/adagrad.ts";
export { type AdadeltaOptions, adadelta } from "./optimizers/adadelta.ts";
export { type AdamaxOptions, adamax } from "./optimizers/adamax.ts";
export { type NadamOptions, nadam } from "./optimizers/nadam.ts";
export { type RadamOptions, radam } from "./optimizers/radam.ts";
export { type LionOptions, lion } from "./optimizers/lion.ts";
export { type AdafactorOptions, adafactor } from "./optimizers/adafactor.ts";
export type { DecoupledOptimizerOptions, OptimizerOptions } from "./optimizers/stepped.ts";
export { type MomentumOptions, momentum } from "./optimizers/momentum.ts";
export { type Decays, weightDecay } from "./optimizers/weight-decay.ts";
export { type GradientNoiseOptions, gradientNoise } from "./optimizers/gradient-noise.ts";
export { type LearningRate, descend } from "./optimizers/descend.ts";
export { type AccumulateState, accumulate } from "./optimizers/accumulate.ts";
export { type LookaheadOptions, lookahead } from "./optimizers/lookahead.ts";
export { type EmaOptions, ema } from "./optimizers/ema.ts";
export { type SwaOptions, swa } from "./optimizers/swa.ts";
export { type AverageState, averagedWeights } from "./optimizers/averaged-weights.ts";
export { type ScaledState, scaled, withScale } from "./optimizers/scaled.ts";

// Schedules
export type { Schedule } from "./schedules/schedule.ts";
export { constantSchedule } from "./schedules/constant.ts";
export { type DecayOptions, exponential, stepwise } from "./schedules/exponential.ts";
export { type RampOptions, linear } from "./schedules/linear.ts";
export { cosine } from "./schedules/cosine.ts";
export { type CosineRestartsOptions, cosineRestarts } from "./schedules/cosine-restarts.ts";
export { type OneCycleOptions, oneCycle } from "./schedules/one-cycle.ts";
export { type PolynomialDecayOptions, polynomialDecay } from "./schedules/polynomial-decay.ts";
export { piecewise } from "./schedules/piecewise.ts";
export { warmup } from "./schedules/warmup.ts";

// Losses and metrics
export type { LossOptions, Reduction } from "./losses/reduce.ts";
export { mse } from "./losses/mse.ts";
export { mae } from "./losses/mae.ts";
export { type HuberOptions, huber } from "./losses/huber.ts";
export { type GaussianNllOptions, type GaussianPrediction, gaussianNll } from "./losses/gaussian-nll.ts";
export { type PoissonNllOptions, poissonNll } from "./losses/poisson-nll.ts";
export { type PinballOptions, pinball } from "./losses/pinball.ts";
export { type FocalOptions, focal } from "./losses/focal.ts";
export { type CrossEntropyOptions, crossEntropy } from "./losses/cross-entropy.ts";
export { type BinaryCrossEntropyOptions, binaryCrossEntropy } from "./losses/binary-cross-entropy.ts";
export { accuracy } from "./losses/accuracy.ts";

// The loop
export { type Batches, type BatchesOptions, type Numbered, type Weighted, batches, rowsOf } from "./loop/batches.ts";
export {
  type NoParts,
  type Parts,
  type RaggedBatchesOptions,
  type RaggedData,
  type RaggedRows,
  raggedBatches,
} from "./loop/ragged-batches.ts";
export { type Window, type WindowsOptions, windows } from "./loop/windows.ts";
export { permutation } from "./loop/permutation.ts";
export { type RunningMean, runningMean } from "./loop/running-mean.ts";

// Checkpoints
export { loadState, saveState } from "./checkpoint/state.ts";
