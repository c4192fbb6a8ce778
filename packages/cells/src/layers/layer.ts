import { TensorError, type ArrayTensor, type DType, type Shape, type Tensor, type Tree } from "@sluice/tensor";
import { checkTensor, isFloat, sameShape } from "@sluice/tensor/internal";
import { inputOf, type Extras, type InputSpec } from "../cell/inputs.ts";
import type { Applied } from "../cell/over-time.ts";
import type { BufferSpecs, InitialBuffersOptions, InitOptions, Specs } from "@sluice/params";

/**
 * A layer: plain data and functions from parameters and a batch of sequences `[batch, time, features]` to outputs.
 * Layers of layers are layers, and so is anything of this form that someone else writes.
 */
export interface Layer<P extends Tree = Tree, S extends Tree = Tree> {
  readonly name: string;
  /** Width of the last axis of the input. */
  readonly input: number;
  /** Width of the last axis of the output. */
  readonly features: number;
  readonly params: Specs;
  /** What its input is for one example and step, where that is not f32 `[input]`: token ids, or an image. */
  readonly x?: InputSpec;
  /** What its cells read besides `x`, for one example and step: what `apply` takes as `extra`. */
  readonly extra: Extras;
  /** The buffers before they have values, nested as the parameters; `{}` for a layer without any. */
  readonly buffers: BufferSpecs;
  /** Makes the layer's parameters with its initializers, from a random key. */
  init(key: ArrayTensor, options?: InitOptions): P;
  /** The buffers before training: what `apply` takes as `buffers`. */
  initialBuffers(options?: InitialBuffersOptions): Tree;
  /**
   * The state before the first step, as the cells say: zeros if they say nothing. States that are learned need the
   * parameters. `{}` for a layer without state.
   */
  initialState(batch: number, options?: InitialStateOptions<P>): S;
  /**
   * Zeros to be passed as `perturbations`: gradients with respect to them are dL/ds_t of every state. Those of i32 and
   * bool states are floats that change nothing.
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
  /** Of the states that are floats. Default that of the parameters, or f32. */
  readonly dtype?: DType;
  /** What learned initial states begin as. */
  readonly params?: P;
}

/** A layer of a kind that is known here, as it was made. */
export interface Made<L extends Layer = Layer> {
  readonly origin: L;
}

/**
 * Keeps what a layer was made as beside it. A copy with another part, `{ ...layer, apply }`, carries it along, but
 * {@link isAsMade} tells that it is no longer that.
 */
export const asMade = <L extends Layer>(layer: L): L & Made<L> => ({ ...layer, origin: layer });

/** Whether the layer still has all the parts that it was made with. */
export function isAsMade(layer: Layer & Made): boolean {
  const parts = new Map<string, unknown>(Object.entries(layer));
  return Object.entries(layer.origin).every(([name, part]) => parts.get(name) === part);
}

/** The batch that a layer is prepared for. */
export interface BatchSize {
  readonly batch: number;
  readonly time: number;
}

/** Options of a layer's `apply`. */
export interface ApplyOptions<S extends Tree = Tree> {
  /** The state before the first step, such as the final state of the part before. Default the initial state. */
  readonly state?: S;
  /**
   * The number of steps of each row, i32 `[batch]` or numbers: after its length a row keeps its state and puts out
   * zeros. What stands in `x`, `extra` and `perturbations` at steps that are beyond the length, masked, or of a row
   * that is not present is not looked at: NaN there reaches nothing, forwards or backwards.
   */
  readonly lengths?: Tensor | readonly number[];
  /**
   * bool `[batch]`: false where a row has no sequence at all, as where a modality is missing: it counts as one of no
   * steps. Default: every row has one.
   */
  readonly present?: Tensor;
  /**
   * bool `[batch, time]`: where false, the step is skipped: the row keeps its state and puts out zeros, or what
   * `maskedOutput` says. Any pattern.
   */
  readonly mask?: Tensor;
  /**
   * What is put out at masked steps: `zeros` (default), or `repeat`, the row's output at the last step that was not
   * masked, as Keras does it; zeros where there is none yet, in this call or since a reset. Traces are zeros there, and
   * so are outputs beyond the lengths, in any case.
   */
  readonly maskedOutput?: MaskedOutput;
  /**
   * bool `[batch, time]`: true at the first step of each sequence that begins within a row: the state is set to
   * `resetState` before it.
   */
  readonly resets?: Tensor;
  /** What resets go back to. Default the initial state, whatever `state` is. */
  readonly resetState?: S;
  /** Default false: evaluation, without dropout, with zoneout's expectation and with running statistics. */
  readonly training?: boolean;
  /** The layer's buffers: `initialBuffers()`, or what the last step of training returned. Needed if it has any. */
  readonly buffers?: Tree;
  /** For training with dropout or zoneout; take another at each step of training. */
  readonly key?: Tensor;
  /** Collect what the cells trace: all, or these names. Default none. */
  readonly traces?: boolean | readonly string[];
  /** Added to each new state: tensors `[batch, time, ...]` nested as the state; states may be left out. */
  readonly perturbations?: Perturbations;
  /** What cells read besides `x`, `[batch, time, ...]`, by name. */
  readonly extra?: Readonly<Record<string, Tensor>>;
  /**
   * For long sequences: steps a segment. For the gradient only the states between segments are kept, and a segment's
   * steps are computed again when it is their turn; memory is least near the square root of the number of steps, for
   * about a third more time. Default: everything is kept.
   */
  readonly segment?: number;
  /**
   * Steps, from 1 to all, after which the state is returned as `carry`: for truncated back-propagation through time in
   * windows that overlap, where the next one starts there. Only where everything runs forwards. Default: all.
   */
  readonly carryAfter?: number;
}

/** Tensors nested as a state, of which parts may be missing. */
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
