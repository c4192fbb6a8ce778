// The training step
export { trainStep } from "./step/train-step.ts";
export type { StepReport, TrainState, TrainStep, TrainStepOptions } from "./step/train-step.ts";
export type { Loss, LossContext, LossResult, Reported } from "./step/loss.ts";
export type { NoBuffers } from "./step/buffers.ts";
export type { NoCarry } from "./step/carry.ts";
export type { BatchGradient, Differentiate, GradientMethod } from "./step/gradients.ts";
export { type PerExampleOptions, perExample } from "./step/per-example.ts";
export { type DifferentiallyPrivateOptions, differentiallyPrivate } from "./step/differentially-private.ts";
export { type StepResult, type Trainer, type TrainerOptions, trainer } from "./step/trainer.ts";
export {
  type EvaluatedBatch,
  type Evaluation,
  type Evaluator,
  type EvaluatorOptions,
  type EvaluatorRunOptions,
  type OutputsOf,
  evaluator,
} from "./step/evaluator.ts";
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
export { type ReduceOnPlateauOptions, reduceOnPlateau } from "./optimizers/reduce-on-plateau.ts";
export { type ParameterGroup, parameterGroups } from "./optimizers/parameter-groups.ts";
export { frozen } from "./optimizers/frozen.ts";

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

// Losses, and a metric that is a mean like them
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
export { type CtcOptions, ctc } from "./losses/ctc.ts";
export { accuracy } from "./losses/accuracy.ts";

// Metrics of whole data sets, a batch at a time
export {
  type CountedOptions,
  type NotDefined,
  type StreamingMetric,
  evaluateMetric,
} from "./metrics/streaming-metric.ts";
export type { SumsState } from "./metrics/sums-metric.ts";
export type { Planes } from "./metrics/exact-sums.ts";
export type { ClassOptions, ClassRows } from "./metrics/class-rows.ts";
export type { PredictedClassOptions } from "./metrics/predicted-class.ts";
export { accuracyScore } from "./metrics/accuracy-score.ts";
export { type TopKAccuracyOptions, topKAccuracy } from "./metrics/top-k-accuracy.ts";
export { confusionMatrix } from "./metrics/confusion-matrix.ts";
export type { ClassAverageOptions } from "./metrics/class-averages.ts";
export { precision } from "./metrics/precision.ts";
export { recall } from "./metrics/recall.ts";
export { f1 } from "./metrics/f1.ts";
export type { RankedState, RankingOptions } from "./metrics/ranked-rows.ts";
export { auroc } from "./metrics/auroc.ts";
export { auprc } from "./metrics/auprc.ts";
export type { CalibrationOptions, ReliabilityBin } from "./metrics/calibration-bins.ts";
export { type CalibrationErrorOptions, calibrationError } from "./metrics/calibration-error.ts";
export { reliability } from "./metrics/reliability.ts";
export { brierScore } from "./metrics/brier-score.ts";
export { perplexity } from "./metrics/perplexity.ts";
export { bitsPerCharacter } from "./metrics/bits-per-character.ts";
export { meanAbsoluteError } from "./metrics/mean-absolute-error.ts";
export { rootMeanSquaredError } from "./metrics/root-mean-squared-error.ts";
export { meanRelativeError } from "./metrics/mean-relative-error.ts";
export { r2Score } from "./metrics/r2-score.ts";
export { gaussianCrps } from "./metrics/gaussian-crps.ts";
export { type EnsembleCrpsOptions, ensembleCrps } from "./metrics/ensemble-crps.ts";
export { type QuantileCrpsOptions, quantileCrps } from "./metrics/quantile-crps.ts";

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
export {
  type ExampleSource,
  type StreamBatchesOptions,
  type StreamedBatch,
  type StreamPosition,
  streamBatches,
} from "./loop/stream-batches.ts";
export { type Window, type WindowsOptions, windows } from "./loop/windows.ts";
export { permutation } from "./loop/permutation.ts";
export { type RunningMean, runningMean } from "./loop/running-mean.ts";

// Checkpoints
export { loadState, saveState } from "./checkpoint/state.ts";
