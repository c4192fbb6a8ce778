// Training a model
export { fit, type Fitted, type Weights } from "./fit.ts";
export type { FitData, FitOptions, TrainingOptions, Watch } from "./fit-options.ts";
export { NotFiniteError, type NotFiniteOrigin } from "./not-finite.ts";
export { evaluateModel, type EvaluateOptions, type Measured } from "./evaluate-model.ts";
export { exampleStream, type ExampleStream, type ExampleStreamOptions } from "./example-stream.ts";
export { predict, type InputsOf, type PredictOptions } from "./predict.ts";
export {
  crossValidate,
  type CrossValidateOptions,
  type DataOfFold,
  type FoldResult,
  type FoldRows,
  type FoldsOptions,
} from "./cross-validate.ts";
export type { Run, StepTaken, Stopped } from "./loop.ts";
export type { HistoryRow, TrainedMeans } from "./history.ts";
export type { Better, ReduceOnPlateau } from "./stopping.ts";

// Models and objectives
export type { CarriedOptions, Model, ModelOptions, ModelOutput, ModelWeights, SequenceExamples } from "./model.ts";
export type { Counted } from "./counted.ts";
export type {
  LossFunction,
  MetricFunction,
  ModelMetric,
  ModelMetrics,
  ObjectiveOptions,
  TargetOf,
} from "./objective.ts";
export type { BatchesIfNeeded, BatchesOf, BatchingOptions, OwnParts } from "./batching.ts";

// Tasks on irregular series
export { type ElementLoss, type Scored, lossOfCounted, metricOfCounted } from "./tasks/counted-target.ts";
export { type NextEvent, type NextEventPrediction, nextEventLoss, nextEventPrediction } from "./tasks/next-event.ts";

// Whole trials
export { trainingMetrics, trainingTrial, type Numbers, type TrainingSettings, type TrainingTask } from "./training.ts";
export { solvedMetrics, type Solved } from "./solved.ts";
export {
  classificationMetrics,
  classificationTrial,
  type ClassificationTask,
  type Labelled,
} from "./members/classification.ts";
export { labellingMetrics, labellingTrial, type LabellingTask } from "./members/labelling.ts";
export { type Measurements, regressionMetrics, regressionTrial, type RegressionTask } from "./members/regression.ts";
export { forecastMetrics, forecastTrial, type ForecastTask, type WithScored } from "./members/forecast.ts";
export { imputationMetrics, imputationTrial, type ImputationTask } from "./members/imputation.ts";
export { polymusicMetrics, polymusicTrial, type PolymusicTask } from "./members/polymusic.ts";
export { characterMetrics, characterTrial, type CharacterTask } from "./members/characters.ts";
export type { KnownTask } from "./members/known-task.ts";

// Inspecting a trained model
export { gateOpennessOf, type GateOpennessOptions } from "./gate-openness.ts";
export { gradientFlowOf, horizonMetric, type FlowOptions } from "./gradient-flow.ts";

// Parts for a trial of your own
export { modelOf } from "./model.ts";
export { trialBackend, type BackendSettings } from "./backend.ts";
export { divergesAs } from "./diverged.ts";
export { firstRows } from "./examples.ts";
