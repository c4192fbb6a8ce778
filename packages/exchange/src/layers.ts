/** The kinds of layer that exchange supports, recognized by their data. */
import {
  isAsMade,
  type BidirectionalLayer,
  type DenseLayer,
  type Layer,
  type Made,
  type SequenceLayer,
  type SequentialLayer,
} from "@sluice/cells";
import { TensorError } from "@sluice/tensor";

export const isSequence = (layer: Layer): layer is SequenceLayer => isOf("sequence", layer);
export const isBidirectional = (layer: Layer): layer is BidirectionalLayer => isOf("bidirectional", layer);
export const isSequential = (layer: Layer): layer is SequentialLayer => isOf("sequential", layer);
export const isDense = (layer: Layer): layer is DenseLayer => isOf("dense", layer);

/** Whether a layer is of a kind. Throws an error if it was, but one of its parts has been replaced. */
function isOf(kind: string, layer: Layer): boolean {
  if (!("kind" in layer) || layer.kind !== kind) return false;
  if (hasOrigin(layer) && isAsMade(layer)) return true;
  throw new TensorError(
    `exchange: ${layer.name} was modified after it was made (a part such as apply was replaced), and no other library has that layer; to convert its weights, pass the unmodified layer`,
  );
}

const hasOrigin = (layer: Layer): layer is Layer & Made => "origin" in layer;
