import type { ApplyOptions, Layer } from "@sluice/cells";
import type { Specs } from "@sluice/params";
import { isTensor, leavesOf, TensorError, type ArrayTensor, type Tensor, type Tree } from "@sluice/tensor";
import type { Parts } from "@sluice/train";
import { given } from "./given.ts";

/** What a model gets besides parameters and examples. */
export type ModelOptions = Pick<ApplyOptions, "training" | "key" | "buffers">;

/** What a model that has `initialState` is told besides, where back-propagation is truncated. */
export type CarriedOptions = Pick<ApplyOptions, "state" | "carryAfter">;

/** What a model gives. */
export interface ModelOutput<O extends Tree> {
  /** A row for each example. */
  readonly output: O;
  /** The buffers for the next step, of a model that has them. */
  readonly buffers?: Tree;
  /** The state after `carryAfter` steps, of a model that has `initialState`. */
  readonly carry?: Tree;
}

/**
 * A model: parameters, and a function of the parameters and a batch of examples. `E` is the part of a batch that it
 * reads. You can use a layer of `@sluice/cells` directly; write a `Model` for several inputs or custom computations.
 */
export interface Model<P extends Tree, E extends Parts, O extends Tree = Tensor> {
  readonly init: (key: ArrayTensor) => P;
  /** The specs of the parameters: `fit` applies the constraints and penalties that they declare. Default none. */
  readonly params?: Specs;
  /** Makes the initial buffers, such as running statistics. Without this, the model's function gets no buffers. */
  readonly initialBuffers?: () => Tree;
  /** The state before the first step, of so many rows: for truncated back-propagation. */
  readonly initialState?: (batch: number, params: P) => Tree;
  /** The outputs for a batch of examples. */
  readonly apply: (params: P, examples: E, options?: ModelOptions & CarriedOptions) => ModelOutput<O>;
}

/** Everything that training changes. */
export interface ModelWeights<P extends Tree> {
  readonly params: P;
  /** Buffers such as running statistics; a tree without tensors if the model has none. */
  readonly buffers: Tree;
}

/** The weights as stored in a file: the parameters alone, or `{ params, buffers }` for a model with buffers. */
export const asStored = ({ params, buffers }: ModelWeights<Tree>): Tree =>
  leavesOf(buffers).length === 0 ? params : { params, buffers };

/**
 * The parts of a batch that a layer reads: `x` and, if present, `lengths`, `resets`, `mask` and the extra inputs of its
 * cells.
 */
export type SequenceExamples = Parts & {
  /** `[batch, time, features]`, or as the layer declares. */
  readonly x: Tensor;
  /** Steps of each row, i32 `[batch]`. */
  readonly lengths?: Tensor;
  /** bool `[batch, time]`: true where a sequence begins within a row. */
  readonly resets?: Tensor;
  /**
   * bool `[batch, time]`: false where a step is skipped, and not counted in the loss either. A layer whose cells
   * declare an extra input of this name gets it as that input.
   */
  readonly mask?: Tensor;
};

/** A layer as a model whose examples are parts by name. */
function layerModel<P extends Tree>(layer: Layer<P>): Model<P, SequenceExamples> {
  return {
    init: (key) => layer.init(key),
    params: layer.params,
    initialBuffers: () => layer.initialBuffers(),
    initialState: (batch, params) => layer.initialState(batch, { params }),
    apply(params, examples, options = {}) {
      const { x, lengths, resets, mask } = examples;
      if (!isTensor(x))
        throw new TensorError(
          `${layer.name}: a layer reads the part x of the examples, a tensor; they have the parts ${Object.keys(
            examples,
          )
            .filter((name) => name !== "weight")
            .join(", ")}`,
        );
      const extra = Object.fromEntries(
        Object.keys(layer.extra).flatMap((name) => {
          const part = examples[name];
          return part !== undefined && isTensor(part) ? [[name, part]] : [];
        }),
      );
      return layer.apply(params, x, {
        ...options,
        ...(lengths === undefined ? {} : { lengths }),
        ...(resets === undefined ? {} : { resets }),
        ...(isStepMask(mask) && !("mask" in extra) ? { mask } : {}),
        ...(Object.keys(extra).length === 0 ? {} : { extra }),
      });
    },
  };
}

/** The output of a model, which is told of buffers and of a state only if it has them. */
export function applied<P extends Tree, E extends Parts, O extends Tree>(
  model: Model<P, E, O>,
  params: P,
  examples: E,
  { buffers, state, carryAfter, ...options }: ModelOptions & CarriedOptions,
): ModelOutput<O> {
  return model.apply(params, examples, {
    ...options,
    ...(model.initialBuffers === undefined ? {} : given({ buffers })),
    ...(model.initialState === undefined ? {} : given({ state, carryAfter })),
  });
}

/** Whether a batch's `mask` marks steps; in other data a part of this name marks observed values. */
export const isStepMask = (mask: Tree | undefined): mask is Tensor =>
  mask !== undefined && isTensor(mask) && mask.dtype === "bool" && mask.shape.length === 2;

/** A model from a model or a layer. */
export function modelOf<P extends Tree, E extends Parts, O extends Tree>(
  model: Layer<P> | Model<P, E, O>,
): Model<P, E, O>;
export function modelOf(model: Layer | Model<Tree, SequenceExamples, Tree>): Model<Tree, SequenceExamples, Tree> {
  return "outputShape" in model ? layerModel(model) : model;
}
