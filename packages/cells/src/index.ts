// Cells: write one, or take one
export { defineCell } from "./define-cell.ts";
export { defineAssociativeCell } from "./define-associative-cell.ts";
export type {
  AssociativeCellDefinition,
  CellDefinition,
  CellFactory,
  CellOptions,
  NamedBuffers,
  NamedSpecs,
  StepContext,
} from "./definition.ts";
export {
  type Cell,
  type CellContext,
  type CellSizes,
  type Keys,
  type Origin,
  type Product,
  type Stepped,
  contextWithin,
  evaluation,
  originOf,
  outputOf,
  withTrainingStep,
} from "./cell.ts";
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
} from "./states.ts";
export { type Extras, type InputSpec, inputOf } from "./inputs.ts";
export type { Inner, InnerCell, InnerStepOptions } from "./inner-cells.ts";
export type { Multiply, MultiplyOptions } from "./products.ts";
export {
  type AssociativeSteps,
  type Elements,
  type Recurrence,
  complexRecurrence,
  linearRecurrence,
  recurrenceOf,
} from "./recurrence.ts";
export type { Norm, Term } from "./normalize.ts";
export { type Probed, type ProbedProduct, probe } from "./probe.ts";
export { type Biases, gru, janet, lstm, type Reset, rnn } from "./gated/index.ts";
export { minGru } from "./linear/index.ts";
export { type Decay, gruD, hiddenDecay, meanDecay, rnnDecay } from "./time/index.ts";
export { type Activation, type ActivationName, activationOf } from "./activations.ts";

// Modifiers of any cell
export { type ClipStateGradientOptions, clipStateGradient } from "./modifiers/clip-state-gradient.ts";
export { type ReparametrizeOptions, reparametrize } from "./reparametrize.ts";
export { keysWithin } from "./modifiers/keys-within.ts";
export { type StateRates, zoneout } from "./modifiers/zoneout.ts";
export {
  type DropoutMasks,
  type VariationalDropoutOptions,
  variationalDropout,
} from "./modifiers/variational-dropout.ts";

// Layers
export type {
  Applied,
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
export { type DenseLayer, type DenseOptions, type DenseParams, dense } from "./layers/dense.ts";
export { type EmbeddingLayer, type EmbeddingOptions, type EmbeddingParams, embedding } from "./layers/embedding.ts";
export { dropout } from "./layers/dropout.ts";
export { type Stream, type StreamOptions, stream } from "./layers/stream.ts";
