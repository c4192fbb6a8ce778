import { compileStep, item, TensorError, type Backend, type ExecutableStatistics, type Tree } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import type { Numbered } from "../loop/batches.ts";
import { runningMean } from "../loop/running-mean.ts";
import { checkCarry, initialCarry, type NoCarry } from "./carry.ts";
import { metricsOf, type MetricsOf } from "./numbers.ts";
import { reported, type LossResult } from "./loss.ts";

export interface EvaluatorOptions<P extends Tree, B extends Tree, R extends LossResult, C extends Tree = NoCarry> {
  /**
   * Loss and metrics of a batch, without randomness. With `carry` it is given what it returned as its carry for the
   * batch before, and returns the next.
   */
  readonly evaluate: (params: P, batch: B, context: { readonly carry: C }) => R;
  /** What the first batch of a run is given: arrays. Default: nothing is carried. */
  readonly carry?: C;
  /** Parameters and a batch, for their shapes and dtypes. */
  readonly params: P;
  readonly batch: B;
  /** Default: the reference backend. */
  readonly backend?: Backend;
}

export interface Evaluation<R> {
  readonly loss: number;
  readonly metrics: MetricsOf<R>;
  /**
   * What the means divide by: the sum of the batches' weights, which are their examples where the function returns
   * none.
   */
  readonly weight: number;
}

export interface Evaluator<P extends Tree, B extends Tree, R extends LossResult> {
  /** Takes the weights to the backend once, and averages over the batches. */
  run(params: P, batches: Iterable<Pick<Numbered<B>, "batch" | "examples">>): Promise<Evaluation<R>>;
  dispose(): Promise<void>;
  readonly statistics: ExecutableStatistics;
}

/** Compiles an evaluation; the weights it uses are given to it, and stay on the backend for all batches of a run. */
export async function evaluator<P extends Tree, B extends Tree, R extends LossResult, C extends Tree = NoCarry>(
  options: EvaluatorOptions<P, B, R, C>,
): Promise<Evaluator<P, B, R>> {
  checkOptions("evaluator", options, ["evaluate", "carry", "params", "batch", "backend"], {
    loss: "evaluate",
    example: "batch",
    state: "carry",
  });
  const { evaluate, params, batch: example, backend } = options;
  const first = initialCarry(options);
  const session = await compileStep(
    (state: { params: P; carry: C }, batch: B) => {
      const returned = evaluate(state.params, batch, { carry: state.carry });
      return {
        state: { params: state.params, carry: checkCarry("evaluator: evaluate", state.carry, returned.carry) },
        output: reported(returned),
      };
    },
    { params, carry: first },
    [example],
    backend === undefined ? {} : { backend },
  );
  return {
    async run(weights, batches) {
      await session.setState({ params: weights, carry: first });
      const losses = runningMean<{ readonly loss: number }>();
      const metrics = runningMean<MetricsOf<R>>();
      for (const { batch, examples } of batches) {
        const result = await session.run(batch);
        const weight = result.weight === undefined ? examples : item(result.weight);
        losses.add({ loss: item(result.loss) }, weight);
        metrics.add(metricsOf<R>(result), weight);
      }
      if (losses.weight === 0)
        throw new TensorError("evaluator: the batches hold no examples, so there is nothing to average");
      return { loss: losses.mean().loss, metrics: metrics.mean(), weight: losses.weight };
    },
    dispose: () => session.dispose(),
    statistics: session.statistics,
  };
}
