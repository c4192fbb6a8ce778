import type { ApplyOptions, Layer } from "@sluice/cells";
import { isTensor, leavesOf, type ArrayTensor, type Tensor, type Tree } from "@sluice/tensor";
import type { Parts } from "@sluice/train";

/** What a model is told besides parameters and examples. */
export type ModelOptions = Pick<ApplyOptions, "training" | "key" | "buffers">;

/**
 * What is trained: parameters, and a function of them and a batch of examples. `E` is what it reads of a batch. A layer
 * of `@sluice/cells` is taken as it is; this is for models of several inputs, and for one's own.
 */
export interface Model<P extends Tree, E extends Parts, O extends Tree = Tensor> {
  readonly init: (key: ArrayTensor) => P;
  /** Buffers before training, such as running statistics. A model without them is not told of any. */
  readonly initialBuffers?: () => Tree;
  /** The output has a row for each example. A model that has buffers also returns those for the next step. */
  readonly apply: (params: P, examples: E, options?: ModelOptions) => { readonly output: O; readonly buffers?: Tree };
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
    initialBuffers: () => layer.initialBuffers(),
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

/** The output of a model, which is told of buffers only if it has them. */
export function applied<P extends Tree, E extends Parts, O extends Tree>(
  model: Model<P, E, O>,
  params: P,
  examples: E,
  { buffers, ...options }: ModelOptions,
): { readonly output: O; readonly buffers?: Tree } {
  const given = model.initialBuffers === undefined || buffers === undefined ? options : { ...options, buffers };
  return model.apply(params, examples, given);
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
