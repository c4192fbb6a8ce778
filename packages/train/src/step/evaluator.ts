import {
  compileStep,
  item,
  leavesOf,
  TensorError,
  type Backend,
  type ExecutableStatistics,
  type Tree,
} from "@sluice/tensor";
import { checkFunction, checkOptions, checkTree } from "@sluice/tensor/internal";
import type { Numbered } from "../loop/batches.ts";
import { runningMean } from "../loop/running-mean.ts";
import { givenBuffers, type NoBuffers } from "./buffers.ts";
import { checkCarry, initialCarry, type NoCarry } from "./carry.ts";
import { metricsOf, type MetricsOf } from "./numbers.ts";
import { reported, type LossResult } from "./loss.ts";

/** Options of {@link evaluator}. */
export interface EvaluatorOptions<
  P extends Tree,
  B extends Tree,
  R extends LossResult,
  C extends Tree = NoCarry,
  F extends Tree = NoBuffers,
> {
  /**
   * Computes loss and metrics of a batch, without randomness. With `carry`, it gets the carry that it returned for the
   * previous batch and returns the next one. The buffers are those passed to `run`.
   */
  readonly evaluate: (params: P, batch: B, context: { readonly carry: C; readonly buffers: F }) => R;
  /** The carry of the first batch of a run, as arrays. Default: nothing is carried. */
  readonly carry?: C;
  /** The parameters, for their shapes and dtypes. */
  readonly params: P;
  /** The buffers, for their shapes and dtypes. Default: no buffers. */
  readonly buffers?: F;
  /** An example batch, for shapes and dtypes. */
  readonly batch: B;
  /** Default: the reference backend. */
  readonly backend?: Backend;
}

/** The loss and the metrics over a data set. */
export interface Evaluation<R> {
  readonly loss: number;
  readonly metrics: MetricsOf<R>;
  /** The divisor of the means: the sum of the batches' weights. A batch's weight defaults to its number of examples. */
  readonly weight: number;
}

/** The outputs of an evaluation's result; without tensors if it returns none. */
export type OutputsOf<R> = R extends { readonly outputs: infer O extends Tree } ? O : Tree;

/** What an evaluation knows of one batch. */
export interface EvaluatedBatch<B, O extends Tree> {
  readonly batch: B;
  readonly loss: number;
  /** What the evaluation returned as `outputs`, as arrays. */
  readonly outputs: O;
}

/** Options of a run of an {@link Evaluator}. */
export interface EvaluatorRunOptions<B, O extends Tree, F extends Tree> {
  /** The model's buffers from the same training step as the weights. */
  readonly buffers?: F;
  /** Called after every batch, for example to update a `StreamingMetric`. */
  onBatch?(evaluated: EvaluatedBatch<B, O>): void;
}

/** A batch, and how many of its examples count. */
type EvaluableBatch<B> = Pick<Numbered<B>, "batch" | "examples">;

/** A compiled evaluation of a loss. */
export interface Evaluator<P extends Tree, B extends Tree, R extends LossResult, F extends Tree = NoBuffers> {
  /**
   * Uploads the weights, and the buffers if the model has any, to the backend once, and averages over the batches, which
   * may come as a stream. Pass the buffers from the same training step as the weights: `trainer.buffers()`.
   */
  run(
    params: P,
    batches: Iterable<EvaluableBatch<B>> | AsyncIterable<EvaluableBatch<B>>,
    options?: EvaluatorRunOptions<B, OutputsOf<R>, F>,
  ): Promise<Evaluation<R>>;
  /** Frees memory on the backend. Later calls reject. */
  dispose(): Promise<void>;
  readonly statistics: ExecutableStatistics;
}

/** Compiles an evaluation. Weights are passed to `run` and stay on the backend for all its batches. */
export async function evaluator<
  P extends Tree,
  B extends Tree,
  R extends LossResult,
  C extends Tree = NoCarry,
  F extends Tree = NoBuffers,
>(options: EvaluatorOptions<P, B, R, C, F>): Promise<Evaluator<P, B, R, F>> {
  checkOptions("evaluator", options, ["evaluate", "carry", "params", "buffers", "batch", "backend"], {
    loss: "evaluate",
    example: "batch",
    state: "carry",
    statistics: "buffers",
  });
  const { evaluate, params, batch: example, backend } = options;
  checkFunction("evaluator", "evaluate", evaluate);
  const first = initialCarry(options);
  const like = givenBuffers(options);
  const session = await compileStep(
    (state: { params: P; carry: C; buffers: F }, batch: B) => {
      const { params, carry, buffers } = state;
      const returned = evaluate(params, batch, { carry, buffers });
      return {
        state: { params, buffers, carry: checkCarry("evaluator: evaluate", state.carry, returned.carry) },
        output: { result: reported(returned), outputs: outputsOf(returned) },
      };
    },
    { params, carry: first, buffers: like },
    [example],
    backend === undefined ? {} : { backend },
  );
  return {
    async run(weights, batches, runOptions = {}) {
      checkOptions("evaluator.run", runOptions, ["buffers", "onBatch"]);
      await session.setState({ params: weights, carry: first, buffers: checkGiven(like, runOptions.buffers) });
      const losses = runningMean<{ readonly loss: number }>();
      const metrics = runningMean<MetricsOf<R>>();
      for await (const { batch, examples } of batches) {
        const { result, outputs } = await session.run(batch);
        const weight = result.weight === undefined ? examples : item(result.weight);
        losses.add({ loss: item(result.loss) }, weight);
        metrics.add(metricsOf<R>(result), weight);
        runOptions.onBatch?.({ batch, loss: item(result.loss), outputs });
      }
      if (losses.weight === 0)
        throw new TensorError("evaluator: the batches hold no examples, so there is nothing to average");
      return { loss: losses.mean().loss, metrics: metrics.mean(), weight: losses.weight };
    },
    dispose: () => session.dispose(),
    statistics: session.statistics,
  };
}

function outputsOf<R extends LossResult>(result: R): OutputsOf<R>;
function outputsOf({ outputs = {} }: LossResult): Tree {
  return outputs;
}

/** The buffers of a run. Those passed to `evaluator` only give their shapes. */
function checkGiven<F extends Tree>(like: F, given: F | undefined): F {
  const expected = leavesOf(like).map(({ path, tensor: { shape, dtype } }) => ({ path, shape, dtype }));
  if (given === undefined && expected.length > 0)
    throw new TensorError(
      "evaluator.run: the model has buffers, but this run got none; pass { buffers: await trainer.buffers() } from the same step as the weights",
    );
  checkTree("evaluator.run", "buffers", expected, given ?? {});
  return given ?? like;
}
