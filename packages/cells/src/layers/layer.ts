import { TensorError, type ArrayTensor, type DType, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import { checkTensor, isFloat, sameShape } from "@sluice/tensor/internal";
import { inputOf, type Extras, type InputSpec } from "../cell/inputs.ts";
import type { Intervene } from "../cell/intervene.ts";
import type { Applied } from "../cell/over-time.ts";
import type { BufferSpecs, InitialBuffersOptions, InitOptions, Specs } from "@sluice/params";

/**
 * A layer: plain data and functions from parameters and a batch of sequences `[batch, time, features]` to outputs.
 * Layers of layers are layers, and so is any other object of this form.
 */
export interface Layer<P extends Tree = Tree, S extends Tree = Tree> {
  readonly name: string;
  /** Width of the last axis of the input. */
  readonly input: number;
  /** Width of the last axis of the output. */
  readonly features: number;
  readonly params: Specs;
  /** Shape and dtype of the input for one example and step, if it is not f32 `[input]`: token ids, or an image. */
  readonly x?: InputSpec;
  /** What its cells read besides `x`, for one example and step: what `apply` takes as `extra`. */
  readonly extra: Extras;
  /**
   * Why the layer only works on whole sequences, if it does: a part of the error of `stream`. A layer of layers passes
   * on what its parts say.
   */
  readonly whole?: string;
  /**
   * Whether the steps of its output are not those of its input, but points of a grid, for instance. Lengths, masks and
   * extra inputs then say nothing about the layers after it, and `sequential` does not pass them on. Default false.
   */
  readonly ownSteps?: boolean;
  /** The buffers before they have values, nested as the parameters; `{}` for a layer without any. */
  readonly buffers: BufferSpecs;
  /** Makes the layer's parameters with its initializers, from a random key. */
  init(key: ArrayTensor, options?: InitOptions): P;
  /** The buffers before training: what `apply` takes as `buffers`. */
  initialBuffers(options?: InitialBuffersOptions): Tree;
  /**
   * The state before the first step, as the cells declare it; default zeros. Learned states need the parameters. `{}`
   * for a layer without state.
   */
  initialState(batch: number, options?: InitialStateOptions<P>): S;
  /**
   * Zeros to pass as `perturbations`: gradients with respect to them are dL/ds_t of every state. For i32 and bool
   * states they are floats without effect.
   */
  perturbations(size: BatchSize, options?: { readonly dtype?: DType }): S;
  /** The shape of the output for a batch of this size. */
  outputShape(size: { readonly batch: number; readonly time?: number }): Shape;
  /** Applies the layer to `x`. */
  apply(params: P, x: Tensor, options?: ApplyOptions<S>): Applied<S>;
}

/** What a masked step outputs: zeros, or the last output repeated. */
export type MaskedOutput = "zeros" | "repeat";

/** Options of a layer's `initialState`. */
export interface InitialStateOptions<P extends Tree = Tree> {
  /** The dtype of float states. Default: the dtype of the parameters, or f32. */
  readonly dtype?: DType;
  /** The parameters that hold the learned initial states. */
  readonly params?: P;
}

/** A layer of a known kind, with what it was made from. */
export interface Made<L extends Layer = Layer> {
  readonly origin: L;
}

/**
 * Stores with a layer what it was made from. A copy with a replaced part, `{ ...layer, apply }`, carries this along,
 * but {@link isAsMade} reports that it no longer holds.
 */
export const asMade = <L extends Layer>(layer: L): L & Made<L> => ({ ...layer, origin: layer });

/** Whether the layer still has all the parts that it was made with. */
export function isAsMade(layer: Layer & Made): boolean {
  const parts = new Map<string, unknown>(Object.entries(layer));
  return Object.entries(layer.origin).every(([name, part]) => parts.get(name) === part);
}

/** The batch for which a layer is prepared. */
export interface BatchSize {
  readonly batch: number;
  readonly time: number;
}

/** Options of a layer's `apply`. */
export interface ApplyOptions<S extends Tree = Tree> {
  /** The state before the first step, such as the final state of the previous window. Default: the initial state. */
  readonly state?: S;
  /**
   * The number of steps of each row, i32 `[batch]` or numbers: after its length a row keeps its state and outputs
   * zeros. Values of `x`, `extra` and `perturbations` beyond the length, at masked steps or in rows that are not
   * present are ignored: a NaN there reaches neither results nor gradients. Rows may come in any order: a compiled loop
   * runs them longest first inside, so that it costs the real steps, and gives each row the same bits in any order.
   */
  readonly lengths?: Tensor | readonly number[];
  /**
   * bool `[batch]`: false for a row without a sequence, such as a missing modality; it counts as a sequence of zero
   * steps. Default: every row has one.
   */
  readonly present?: Tensor;
  /**
   * bool `[batch, time]`, in any pattern. Where it is false the step is skipped: the row keeps its state and outputs
   * zeros, or what `maskedOutput` says.
   */
  readonly mask?: Tensor;
  /**
   * The output at masked steps: `zeros` (default) or `repeat`, the row's output at its last step that was not masked,
   * as in Keras. `repeat` gives zeros if there is no such step yet in this call or since a reset. Traces at masked
   * steps, and outputs beyond the lengths, are always zeros.
   */
  readonly maskedOutput?: MaskedOutput;
  /**
   * bool `[batch, time]`: true at the first step of each sequence that begins within a row: the state is set to
   * `resetState` before it.
   */
  readonly resets?: Tensor;
  /** What resets go back to. Default the initial state, whatever `state` is. */
  readonly resetState?: S;
  /** Whether this is a training step. Default false: no dropout, zoneout's expectation, running statistics. */
  readonly training?: boolean;
  /** The layer's buffers: `initialBuffers()`, or what the last step of training returned. Needed if it has any. */
  readonly buffers?: Tree;
  /** The random key for training with dropout or zoneout; use a new one for each training step. */
  readonly key?: Tensor;
  /**
   * Which traces of the cells to collect: all (`true`), or these names. Default: none. Among names, `state.h` is the
   * state h after each step (`0.state.h` within a layer of layers).
   */
  readonly traces?: boolean | readonly string[];
  /** Added to each new state: tensors `[batch, time, ...]`, nested like the state. States may be left out. */
  readonly perturbations?: Perturbations;
  /** Changes of traced values and new states, such as a gate that is held open. Default: none, at no cost. */
  readonly intervene?: Intervene;
  /** What cells read besides `x`, `[batch, time, ...]`, by name. */
  readonly extra?: Readonly<Record<string, Tensor>>;
  /**
   * Steps per segment, to save memory on long sequences. Only the states between segments are kept for the gradient;
   * the backward pass recomputes the steps of each segment. Memory is lowest near the square root of the number of
   * steps, and time grows by about a third. Default: everything is kept.
   */
  readonly segment?: number;
  /**
   * The number of steps after which the state is returned as `carry`, for truncated back-propagation through time: with
   * overlapping windows, the next window starts from that state. Needs layers that run forwards only. Default: all
   * steps.
   */
  readonly carryAfter?: number;
}

/** Tensors nested like a state; parts may be missing. */
export type Perturbations =
  Tensor | readonly (Perturbations | undefined)[] | { readonly [name: string]: Perturbations | undefined };

/** The parameters of a layer or cell. */
export type LayerParams<L> = L extends { init(...args: never): infer P } ? P : never;
/** The state of a layer. */
export type LayerState<L> = L extends { initialState(...args: never): infer S } ? S : never;

export function checkInput(layer: Pick<Layer, "name" | "input" | "x">, x: Tensor): void {
  const { name, input } = layer;
  checkTensor(name, "the input", x);
  const { shape, dtype } = inputOf(layer.x ?? [input]);
  const fits = x.shape.length === shape.length + 2 && sameShape(x.shape.slice(2), shape);
  if (fits && isFloat(x.dtype) === (dtype === "f32") && (isFloat(x.dtype) || x.dtype === dtype)) return;
  const hint =
    x.shape.length === shape.length + 1 ? '; a layer before it with outputs: "last" leaves no time axis' : "";
  const [type, got] = fits ? [`${dtype} `, `${x.dtype} `] : ["", ""];
  throw new TensorError(
    `${name}: expected an input ${type}[${["batch", "time", ...shape].join(", ")}], got ${got}[${x.shape.join(", ")}]${hint}`,
  );
}
