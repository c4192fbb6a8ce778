/** The kinds of layer that exchange knows, told apart by their data. */
import type { BidirectionalLayer } from "../layers/bidirectional.ts";
import type { DenseLayer } from "../layers/dense.ts";
import type { Layer } from "../layers/layer.ts";
import type { SequenceLayer } from "../layers/sequence.ts";
import type { StackLayer } from "../layers/stack.ts";

export const isSequence = (layer: Layer): layer is SequenceLayer => "kind" in layer && layer.kind === "sequence";
export const isBidirectional = (layer: Layer): layer is BidirectionalLayer => "kind" in layer && layer.kind === "bidirectional";
export const isStack = (layer: Layer): layer is StackLayer => "kind" in layer && layer.kind === "stack";
export const isDense = (layer: Layer): layer is DenseLayer => "kind" in layer && layer.kind === "dense";
