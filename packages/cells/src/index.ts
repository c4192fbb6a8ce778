// Cells: write one, or take one
export {
  type CellDefinition,
  type CellFactory,
  type CellOptions,
  type StepContext,
  defineCell,
} from "./define-cell.ts";
export {
  type Cell,
  type CellContext,
  type CellSizes,
  type Keys,
  type Origin,
  type State,
  type Stepped,
  evaluation,
  originOf,
  outputOf,
  withTrainingStep,
} from "./cell.ts";
export type { Norm, Term } from "./normalize.ts";
export { type Probed, probe } from "./probe.ts";
export { type Biases, gru, lstm, type Reset, rnn } from "./gated/index.ts";
export { type Activation, type ActivationName, activationOf } from "./activations.ts";

// Modifiers of any cell
export { keysWithin } from "./modifiers/keys-within.ts";
export { zoneout } from "./modifiers/zoneout.ts";
export { variationalDropout } from "./modifiers/variational-dropout.ts";

// Layers
export type {
  Applied,
  ApplyOptions,
  BatchSize,
  Layer,
  LayerParams,
  LayerState,
  Made,
  Perturbations,
} from "./layers/layer.ts";
export { isAsMade } from "./layers/layer.ts";
export { type Outputs, type SequenceLayer, type SequenceOptions, sequence } from "./layers/sequence.ts";
export { type SequentialLayer, type SequentialOptions, sequential } from "./layers/sequential.ts";
export {
  type BidirectionalLayer,
  type BidirectionalOptions,
  type Merge,
  bidirectional,
} from "./layers/bidirectional.ts";
export { type DenseLayer, type DenseOptions, type DenseParams, dense } from "./layers/dense.ts";
export { dropout } from "./layers/dropout.ts";
export { type Stream, type StreamOptions, stream } from "./layers/stream.ts";
