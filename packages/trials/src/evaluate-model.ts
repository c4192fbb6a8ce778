import type { Layer } from "@sluice/cells";
import { diagnose, recordProgram, tensorsOf, type Backend, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, isArray } from "@sluice/tensor/internal";
import { evaluator, type Evaluator, type LossResult, type Parts, type Weighted } from "@sluice/train";
import { withBackend } from "./backend.ts";
import { batchingOptions, shapesOf, type BatchesIfNeeded, type BatchingOptions, type OwnParts } from "./batching.ts";
import type { ExampleStream } from "./example-stream.ts";
import { modelOf, type Model, type ModelWeights, type SequenceExamples } from "./model.ts";
import { exampleOf, type NotFiniteOrigin } from "./not-finite.ts";
import { passOf, type Pass } from "./pass.ts";
import { objectiveOf, objectiveOptions, type Objective, type ObjectiveOptions } from "./objective.ts";

/** Loss and metrics, as means over the counted examples or steps. */
export interface Measured<M extends string = string> {
  readonly loss: number;
  /** A streaming metric that the data does not define, such as `auroc()` of one class, is NaN. */
  readonly metrics: { readonly [name in M]: number };
  /** Why metrics are not defined, by their names; absent if all are. */
  readonly notDefined?: { readonly [name in M]?: string };
  /** The total weight: the number of examples, or of steps if the model has an output per step. */
  readonly weight: number;
}

/** Options for evaluating a model. */
export interface EvaluateOptions<E, B extends Parts, O extends Tree, M extends string>
  extends ObjectiveOptions<O, B, M>, BatchingOptions<E, B> {
  /** The model's buffers from the same training step as the parameters. Default: the initial buffers. */
  readonly buffers?: Tree;
  /** Default: WebAssembly, closed at the end. */
  readonly backend?: Backend;
}

/**
 * Computes loss and metrics of a model on examples or on a stream of them, without dropout, in batches in the order of
 * the data.
 */
export async function evaluateModel<
  P extends Tree,
  E extends object,
  M extends string = never,
  B extends SequenceExamples = OwnParts<E, SequenceExamples>,
>(
  model: Layer<P>,
  params: NoInfer<P>,
  examples: E | ExampleStream<E>,
  options: EvaluateOptions<E, B, Tensor, M> & BatchesIfNeeded<E, B>,
): Promise<Measured<M>>;
export async function evaluateModel<
  P extends Tree,
  E extends object,
  O extends Tree,
  M extends string = never,
  B extends Parts = OwnParts<E>,
>(
  model: Model<P, NoInfer<B>, O>,
  params: NoInfer<P>,
  examples: E | ExampleStream<E>,
  options: EvaluateOptions<E, B, O, M> & BatchesIfNeeded<E, B>,
): Promise<Measured<M>>;
export async function evaluateModel<
  P extends Tree,
  E extends object,
  O extends Tree,
  M extends string,
  B extends Parts,
>(
  model: Layer<P> | Model<P, B, O>,
  params: P,
  examples: E | ExampleStream<E>,
  options: EvaluateOptions<E, B, O, M>,
): Promise<Measured<M>> {
  checkOptions("evaluateModel", options, [...objectiveOptions, ...batchingOptions, "buffers", "backend"], {
    batchSize: "size",
  });
  return evaluated(modelOf(model), params, examples, options);
}

async function evaluated<P extends Tree, E extends object, O extends Tree, M extends string, B extends Parts>(
  model: Model<P, B, O>,
  params: P,
  examples: E | ExampleStream<E>,
  options: EvaluateOptions<E, B, O, M>,
): Promise<Measured<M>>;
async function evaluated(
  own: Model<Tree, Parts, Tree>,
  params: Tree,
  examples: Parts | ExampleStream<Parts>,
  options: EvaluateOptions<Parts, Parts, Tree, string>,
): Promise<Measured> {
  const objective = objectiveOf("evaluateModel", own, options);
  const weights = { params, buffers: options.buffers ?? own.initialBuffers?.() ?? {} };
  const pass = passOf("evaluateModel", examples, options);
  return withBackend(options.backend, async (backend) => {
    const measurer = measuring({ objective, weights, backend });
    try {
      return await measurer.run(weights, pass);
    } finally {
      await measurer.dispose();
    }
  });
}

/** Evaluates one objective. */
export interface Measurer<P extends Tree, B extends Parts> {
  run(weights: ModelWeights<P>, pass: Pass<B>): Promise<Measured>;
  /** Where the first NaN or infinity came from, found on the reference backend. Undefined if there is none. */
  origin(weights: ModelWeights<P>, pass: Pass<B>): Promise<NotFiniteOrigin | undefined>;
  dispose(): Promise<void>;
}

/** Compiles one evaluation program per batch shape, on first use. */
export function measuring<P extends Tree, B extends Parts>({
  objective,
  weights: like,
  backend,
}: {
  readonly objective: Objective<P, B>;
  /** Only their shapes are used. */
  readonly weights: ModelWeights<P>;
  readonly backend: Backend;
}): Measurer<P, B> {
  const compiled = new Map<string, Evaluator<P, Weighted<B>, LossResult, Tree>>();
  const evaluate = (own: P, given: Weighted<B>, context: { readonly buffers: Tree }): LossResult =>
    objective.ofBatch(own, given, { buffers: context.buffers });
  const evaluatorOf = async (batch: Weighted<B>) => {
    const shapes = shapesOf(batch);
    const found = compiled.get(shapes) ?? (await evaluator({ evaluate, ...like, batch, backend }));
    compiled.set(shapes, found);
    return found;
  };
  return {
    async run({ params, buffers }, pass) {
      const found = await evaluatorOf(await pass.first());
      const streams = objective.streams();
      const evaluation = await found.run(params, pass.batches(), {
        buffers,
        onBatch({ batch, loss, outputs }) {
          streams.add({ batch, loss, output: outputs, countedOf: () => objective.countedOf(outputs, batch) });
        },
      });
      const { metrics, notDefined } = streams.values(evaluation.loss);
      return {
        ...evaluation,
        metrics: { ...evaluation.metrics, ...metrics },
        ...(Object.keys(notDefined).length === 0 ? {} : { notDefined }),
      };
    },
    async origin({ params, buffers }, pass) {
      const found = await evaluatorOf(await pass.first());
      for await (const numbered of pass.batches()) {
        const { batch } = numbered;
        const { loss } = await found.run(params, [numbered], { buffers });
        if (Number.isFinite(loss)) continue;
        const { program } = recordProgram(
          (own: P, given: Weighted<B>, kept: Tree) => evaluate(own, given, { buffers: kept }).loss,
          [params, batch, buffers],
        );
        const diagnosis = diagnose(program, tensorsOf([params, batch, buffers]).filter(isArray));
        return diagnosis && { diagnosis, example: exampleOf(diagnosis, numbered) };
      }
      return undefined;
    },
    async dispose() {
      for (const each of compiled.values()) await each.dispose();
    },
  };
}
