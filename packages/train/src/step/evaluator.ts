import { checkOptions, compileStep, item, TensorError, type Backend, type ExecutableStatistics, type Tree } from "@sluice/tensor";
import type { Numbered } from "../loop/batches.ts";
import { runningMean } from "../loop/running-mean.ts";
import { metricsOf, type MetricsOf } from "./numbers.ts";
import type { LossResult } from "./train-step.ts";

export interface EvaluatorOptions<P extends Tree, B extends Tree, R extends LossResult> {
  /** Loss and metrics of a batch, without randomness. */
  readonly evaluate: (params: P, batch: B) => R;
  /** Parameters and a batch, for their shapes and dtypes. */
  readonly params: P;
  readonly batch: B;
  /** Default: the reference backend. */
  readonly backend?: Backend;
}

export interface Evaluation<R> {
  readonly loss: number;
  readonly metrics: MetricsOf<R>;
  /** What the means divide by: the sum of the batches' weights, which are their examples where the function returns none. */
  readonly weight: number;
}

export interface Evaluator<P extends Tree, B extends Tree, R extends LossResult> {
  /** Takes the weights to the backend once, and averages over the batches. */
  run(params: P, batches: Iterable<Pick<Numbered<B>, "batch" | "examples">>): Promise<Evaluation<R>>;
  dispose(): Promise<void>;
  readonly statistics: ExecutableStatistics;
}

/** Compiles an evaluation; the weights it uses are given to it, and stay on the backend for all batches of a run. */
export async function evaluator<P extends Tree, B extends Tree, R extends LossResult>(options: EvaluatorOptions<P, B, R>): Promise<Evaluator<P, B, R>> {
  checkOptions("evaluator", options, ["evaluate", "params", "batch", "backend"], { loss: "evaluate", example: "batch" });
  const { evaluate, params, batch: example, backend } = options;
  const session = await compileStep(
    (state: { params: P }, batch: B) => ({ state, output: evaluate(state.params, batch) }),
    { params },
    [example],
    backend === undefined ? {} : { backend },
  );
  return {
    async run(weights, batches) {
      await session.setState({ params: weights });
      const losses = runningMean<{ readonly loss: number }>();
      const metrics = runningMean<MetricsOf<R>>();
      for (const { batch, examples } of batches) {
        const result = await session.run(batch);
        const weight = result.weight === undefined ? examples : item(result.weight);
        losses.add({ loss: item(result.loss) }, weight);
        metrics.add(metricsOf<R>(result), weight);
      }
      if (losses.weight === 0) throw new TensorError("evaluator: the batches hold no examples, so there is nothing to average");
      return { loss: losses.mean().loss, metrics: metrics.mean(), weight: losses.weight };
    },
    dispose: () => session.dispose(),
    statistics: session.statistics,
  };
}
