// Cells: write one, or take one
export { defineCell } from "./definition/define-cell.ts";
export { defineAssociativeCell } from "./definition/define-associative-cell.ts";
export type {
  AssociativeCellDefinition,
  CellDefinition,
  CellFactory,
  NamedBuffers,
  NamedSpecs,
} from "./definition/definition.ts";
export type { CellOptions } from "./definition/cell-options.ts";
export type { StepContext } from "./definition/step-context.ts";
export {
  type Cell,
  type CellSizes,
  type Origin,
  type Stepped,
  originOf,
  outputOf,
  withTrainingStep,
} from "./cell/cell.ts";
export { type CellContext, type Keys, type Product, contextWithin, evaluation, traced } from "./cell/context.ts";
export {
  type NestedStates,
  type State,
  type StateLeaf,
  type StateOf,
  type StatePath,
  type StateSpec,
  type States,
  mapStates,
  statesOf,
  statesWithin,
} from "./cell/states.ts";
export { type Extras, type InputSpec, inputOf } from "./cell/inputs.ts";
export type { Inner, InnerCell, InnerStepOptions } from "./definition/inner-cells.ts";
export type { Multiply, MultiplyOptions } from "./definition/products.ts";
export { type AssociativeSteps, type Elements, type Recurrence, recurrenceOf } from "./cell/recurrence.ts";
export { complexRecurrence, linearRecurrence, matrixRecurrence } from "./definition/recurrences.ts";
export type { Norm, Term } from "./definition/normalize.ts";
export { type Probed, type ProbedProduct, probe } from "./cell/probe.ts";
export { type Activation, type ActivationName, activationOf } from "./options/activations.ts";

// Published cells, by family
export * from "./gated/index.ts";
export * from "./orthogonal/index.ts";
export * from "./linear/index.ts";
export * from "./paced/index.ts";
export * from "./memory/index.ts";
export * from "./time/index.ts";

// Modifiers of any cell
export { keysWithin } from "./modifiers/keys-within.ts";
export type { NumberByState } from "./modifiers/by-state.ts";
// in training
export { zoneout } from "./modifiers/zoneout.ts";
export type { DropoutMasks, ProductDropoutOptions } from "./modifiers/product-dropout.ts";
export { variationalDropout } from "./modifiers/variational-dropout.ts";
export { stepDropout } from "./modifiers/step-dropout.ts";
export { type CandidateDropoutOptions, candidateDropout } from "./modifiers/candidate-dropout.ts";
export { type StateNoiseOptions, stateNoise } from "./modifiers/state-noise.ts";
export { type ClipStateGradientOptions, clipStateGradient } from "./modifiers/clip-state-gradient.ts";
// of states and their initial values
export { clipState } from "./modifiers/clip-state.ts";
export { learnedInitialState } from "./modifiers/learned-initial-state.ts";
export { type ChronoInitializationOptions, chronoInitialization } from "./modifiers/chrono-initialization.ts";
// of weights and products
export { type ReparametrizeOptions, reparametrize } from "./reparametrize.ts";
export { type IndependentRecurrenceOptions, independentRecurrence } from "./modifiers/independent-recurrence.ts";
export { type BlockDiagonalOptions, blockDiagonal } from "./modifiers/block-diagonal.ts";
export { type Integration, type IntegrationOptions, integration } from "./modifiers/integration.ts";
export { multiplicative } from "./modifiers/multiplicative.ts";
// of the output, and cells of cells
export { residual } from "./modifiers/residual.ts";
export { type HighwayOptions, highway } from "./modifiers/highway.ts";
export { type FastSlowOptions, fastSlow } from "./modifiers/fast-slow.ts";

// Layers
export type {
  ApplyOptions,
  BatchSize,
  InitialStateOptions,
  Layer,
  LayerParams,
  LayerState,
  Made,
  MaskedOutput,
  Perturbations,
} from "./layers/layer.ts";
export type { Intervene } from "./cell/intervene.ts";
export type { Applied, OverTime } from "./cell/over-time.ts";
export { isAsMade } from "./layers/layer.ts";
export {
  type Outputs,
  type SequenceScan,
  type SequenceLayer,
  type SequenceOptions,
  sequence,
} from "./layers/sequence.ts";
export { type SequentialLayer, type SequentialOptions, sequential } from "./layers/sequential.ts";
export {
  type BidirectionalLayer,
  type BidirectionalOptions,
  type Merge,
  bidirectional,
} from "./layers/bidirectional.ts";
export {
  type ReversibleLayer,
  type ReversibleOptions,
  type ReversibleParams,
  reversible,
} from "./layers/reversible.ts";
export { type GradientPreservationOptions, gradientPreservation } from "./layers/gradient-preservation.ts";
export { type DenseLayer, type DenseOptions, type DenseParams, dense } from "./layers/dense.ts";
export { type EmbeddingLayer, type EmbeddingOptions, type EmbeddingParams, embedding } from "./layers/embedding.ts";
export { type Conv1dLayer, type Conv1dOptions, type Conv1dParams, conv1d } from "./layers/conv1d.ts";
export { type AttentionLayer, type AttentionOptions, attention } from "./layers/attention.ts";
export type { AttentionParams, AttentionState } from "./layers/attention-parts.ts";
export type { PastState } from "./layers/over-history.ts";
export type { TimeFeaturesLayer } from "./layers/time-features.ts";
export { type Time2VecOptions, type Time2VecParams, time2Vec } from "./layers/time2vec.ts";
export { type SinusoidalTimeOptions, type SinusoidalTimeParams, sinusoidalTime } from "./layers/sinusoidal-time.ts";
export { type TimeDecayOptions, type TimeDecayParams, timeDecay } from "./layers/time-decay.ts";
export {
  type WithTimeFeaturesLayer,
  type WithTimeFeaturesOptions,
  type WithTimeFeaturesParams,
  withTimeFeatures,
} from "./layers/with-time-features.ts";
export {
  type TimeAttentionLayer,
  type TimeAttentionOptions,
  type TimeAttentionParams,
  timeAttention,
} from "./layers/time-attention.ts";
export { type MultiTimeAttentionParts, multiTimeAttention } from "./layers/multi-time-attention.ts";
export type { WeightOptions } from "./layers/chosen.ts";
export { attentionWeights, joinHeads, splitHeads } from "./layers/attention-weights.ts";
export { dropout } from "./layers/dropout.ts";
export { type StreamOptions, stream } from "./layers/stream.ts";
export type { Stream } from "./layers/reader.ts";
