import type { ApplyOptions, Layer } from "@sluice/cells";
import type { Specs } from "@sluice/params";
import { isTensor, leavesOf, type ArrayTensor, type Tensor, type Tree } from "@sluice/tensor";
import type { Parts } from "@sluice/train";
import { given } from "./given.ts";

/** What a model is told besides parameters and examples. */
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
 * What is trained: parameters, and a function of them and a batch of examples. `E` is what it reads of a batch. A layer
 * of `@sluice/cells` is taken as it is; this is for models of several inputs, and for one's own.
 */
export interface Model<P extends Tree, E extends Parts, O extends Tree = Tensor> {
  readonly init: (key: ArrayTensor) => P;
  /** The specs of the parameters: `fit` applies the constraints and penalties that they declare. Default none. */
  readonly params?: Specs;
  /** Buffers before training, such as running statistics. A model without them is not told of any. */
  readonly initialBuffers?: () => Tree;
  /** The state before the first step, of so many rows: for truncated back-propagation. */
  readonly initialState?: (batch: number, params: P) => Tree;
  /** The outputs for a batch of examples. */
  readonly apply: (params: P, examples: E, options?: ModelOptions & CarriedOptions) => ModelOutput<O>;
}

/** All that training changes. */
export interface ModelWeights<P extends Tree> {
  readonly params: P;
  /** Such as running statistics; a tree without tensors for a model that has none. */
  readonly buffers: Tree;
}

/** The weights as a file holds them: the parameters alone, or `{ params, buffers }` for a model that has buffers. */
export const asStored = ({ params, buffers }: ModelWeights<Tree>): Tree =>
  leavesOf(buffers).length === 0 ? params : { params, buffers };

/** What a layer reads of a batch: `x`, and where they are there, `lengths`, `resets` and the extras of its cells. */
export type SequenceExamples = Parts & {
  /** `[batch, time, features]`, or what the layer says. */
  readonly x: Tensor;
  /** Steps of each row, i32 `[batch]`. */
  readonly lengths?: Tensor;
  /** bool `[batch, time]`: where a sequence begins within a row. */
  readonly resets?: Tensor;
  /**
   * bool `[batch, time]`: where false, the step is skipped, and counts neither in a loss. A layer whose cells read an
   * extra of this name gets it as that.
   */
  readonly mask?: Tensor;
};

/** A layer as a model of examples by name. */
function layerModel<P extends Tree>(layer: Layer<P>): Model<P, SequenceExamples> {
  return {
    init: (key) => layer.init(key),
    params: layer.params,
    initialBuffers: () => layer.initialBuffers(),
    initialState: (batch, params) => layer.initialState(batch, { params }),
    apply(params, examples, options = {}) {
      const { x, lengths, resets, mask } = examples;
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

/** Whether a part of a batch says which steps there are: others of the name say which values were observed. */
export const isStepMask = (mask: Tree | undefined): mask is Tensor =>
  mask !== undefined && isTensor(mask) && mask.dtype === "bool" && mask.shape.length === 2;

/** A model, or a layer as one. */
export function modelOf<P extends Tree, E extends Parts, O extends Tree>(
  model: Layer<P> | Model<P, E, O>,
): Model<P, E, O>;
export function modelOf(model: Layer | Model<Tree, SequenceExamples, Tree>): Model<Tree, SequenceExamples, Tree> {
  return "outputShape" in model ? layerModel(model) : model;
}
