import type { Layer } from "@sluice/cells";
import {
  compileStep,
  leavesOf,
  mapTree,
  tensor,
  TensorError,
  valuesOf,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { allocate, checkOptions, describe, sizeOf } from "@sluice/tensor/internal";
import type { Batches, Parts } from "@sluice/train";
import { withBackend } from "./backend.ts";
import { batchingOf, batchingOptions, type BatchesIfNeeded, type BatchingOptions, type OwnParts } from "./batching.ts";
import { applied, modelOf, type Model, type SequenceExamples } from "./model.ts";

/** Examples without the target `y`. */
export type InputsOf<E> = Omit<E, "y">;

/** Options for predicting with a model. */
export interface PredictOptions<E, B extends Parts> extends BatchingOptions<E, B> {
  /** The model's buffers from the same training step as the parameters. Default: the initial buffers. */
  readonly buffers?: Tree;
  /** Default: WebAssembly, closed at the end. */
  readonly backend?: Backend;
}

/**
 * The output of a model for each example, `[examples, ...]`, in the order of the data for any way of batching. Without
 * dropout. The examples need no `y`.
 */
export async function predict<
  P extends Tree,
  E extends object,
  B extends SequenceExamples = OwnParts<E, SequenceExamples>,
>(
  model: Layer<P>,
  params: NoInfer<P>,
  examples: E,
  options?: PredictOptions<E, B> & BatchesIfNeeded<E, B>,
): Promise<Tensor>;
export async function predict<P extends Tree, E extends object, O extends Tree, B extends Parts = OwnParts<E>>(
  model: Model<P, NoInfer<B>, O>,
  params: NoInfer<P>,
  examples: E,
  options?: PredictOptions<E, B> & BatchesIfNeeded<E, B>,
): Promise<O>;
export async function predict(
  model: Layer | Model<Tree, Parts, Tree>,
  params: Tree,
  examples: Parts,
  options: PredictOptions<Parts, Parts> = {},
): Promise<Tree> {
  checkOptions("predict", options, [...batchingOptions, "buffers", "backend"], { batchSize: "size" });
  const own = modelOf(model);
  const cut = batchingOf("predict", options)(examples);
  return withBackend(options.backend, async (backend) => {
    const session = await compileStep(
      (state: { readonly params: Tree; readonly buffers: Tree }, batch: Parts) => ({
        state,
        output: applied(own, state.params, batch, { buffers: state.buffers }).output,
      }),
      { params, buffers: options.buffers ?? own.initialBuffers?.() ?? {} },
      [cut.at(0).batch],
      { backend },
    );
    try {
      return await inOrder(cut, (batch) => session.run(batch));
    } finally {
      await session.dispose();
    }
  });
}

/** Runs all batches and puts the output rows into the order of the examples in the data. */
async function inOrder(cut: Batches<Parts>, run: (batch: Parts) => Promise<Tree>): Promise<Tree> {
  let whole: Tree | undefined;
  for (const { batch, order } of cut.epoch(0)) {
    const output = await run(batch);
    whole ??= mapTree(output, (x, path) => {
      if (x.shape[0] === batch.weight.shape[0])
        return tensor(allocate(x.dtype, cut.examples * sizeOf(x.shape.slice(1))), [cut.examples, ...x.shape.slice(1)], {
          dtype: x.dtype,
        });
      throw new TensorError(
        `predict: the output ${path} ${describe(x)} has no row for each of the ${batch.weight.shape[0]} examples of a batch`,
      );
    });
    const rows = leavesOf(output);
    leavesOf(whole).forEach(({ tensor: into }, i) => {
      const from = rows[i];
      if (from === undefined) throw new TensorError("predict: the outputs of the batches differ in shape");
      const [values, all, width] = [valuesOf(from.tensor), valuesOf(into), sizeOf(into.shape.slice(1))];
      order.forEach((example, row) => all.set(values.subarray(row * width, (row + 1) * width), example * width));
    });
  }
  if (whole === undefined) throw new TensorError("predict: there are no examples");
  return whole;
}
