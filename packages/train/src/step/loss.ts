import { isTensor, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkTensor, describe, isFloat, shown } from "@sluice/tensor/internal";
import type { NoBuffers } from "./buffers.ts";
import type { NoCarry } from "./carry.ts";

/** What a loss gets besides parameters and batch. */
export interface LossContext<C extends Tree = NoCarry, F extends Tree = NoBuffers> {
  /** A random key of this step, i32 [2]. Name its uses: `keyFor(key, "dropout")`. */
  readonly key: Tensor;
  /** The number of steps before this one, i32 []. */
  readonly step: Tensor;
  /** The carry that the loss returned in the previous step. No gradient flows into it. */
  readonly carry: C;
  /** The model's buffers, such as running statistics: `model.apply(params, x, { buffers, training: true })`. */
  readonly buffers: F;
}

/** The result of a loss. */
export type LossResult = {
  /** A float scalar; its gradient is taken. */
  readonly loss: Tensor;
  /** Further scalars to report. */
  readonly metrics?: Readonly<Record<string, Tensor>>;
  /**
   * The weight of this batch in a mean over several batches, such as `sum(mask)`. Default: its number of examples. A
   * step of weight 0 changes no parameters.
   */
  readonly weight?: Tensor;
  /** The next step's `context.carry`, with the nesting, shapes and dtypes of the option `carry`. */
  readonly carry?: Tree;
  /**
   * The next step's `context.buffers`, such as the `buffers` that `apply` returned, with the nesting, shapes and dtypes
   * of the option `buffers`.
   */
  readonly buffers?: Tree;
  /** Arrays that an evaluation passes to `onBatch`, such as predictions. A training step does not compute them. */
  readonly outputs?: Tree;
};

type NotReported = "carry" | "buffers" | "outputs";

/** The reported part of a loss's result: without carry and buffers, which stay on the backend, and without outputs. */
export type Reported<R extends LossResult> = Omit<R, NotReported> & Omit<LossResult, NotReported>;

/** The loss of a batch as a function of the parameters. */
export type Loss<
  P extends Tree,
  B extends Tree,
  R extends LossResult,
  C extends Tree = NoCarry,
  F extends Tree = NoBuffers,
> = (params: P, batch: B, context: LossContext<C, F>) => R;

export function reported<R extends LossResult>(result: R): Reported<R>;
export function reported(result: LossResult): Omit<LossResult, NotReported> {
  const given: unknown = result;
  const fix = isTensor(given)
    ? ": return { loss }"
    : given instanceof Promise
      ? ": a loss is recorded as a program, so it cannot be async"
      : "";
  if (typeof given !== "object" || given === null || isTensor(given) || !("loss" in given)) {
    throw new TensorError(
      `trainStep: the loss returned ${shown(given)}, expected an object with the scalar tensor loss${fix}`,
    );
  }
  const { carry: _, buffers: _kept, outputs: _outputs, ...rest } = result;
  return rest;
}

export function checkResult({ loss, metrics = {}, weight }: Omit<LossResult, NotReported>): void {
  checkTensor("trainStep", "the loss", loss);
  if (loss.shape.length > 0 || !isFloat(loss.dtype)) {
    throw new TensorError(
      `trainStep: the loss must be a float scalar, got ${loss.dtype} ${describe(loss)}; reduce it with mean`,
    );
  }
  const scalars = { ...metrics, ...(weight === undefined ? {} : { weight }) };
  for (const [name, tensor] of Object.entries(scalars)) {
    checkTensor("trainStep", name, tensor);
    if (tensor.shape.length > 0)
      throw new TensorError(`trainStep: ${name} must be a scalar, got ${describe(tensor)}; reduce it with mean or sum`);
  }
}
