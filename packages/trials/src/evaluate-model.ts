import type { Layer } from "@sluice/cells";
import { diagnose, recordProgram, tensorsOf, type Backend, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, isArray } from "@sluice/tensor/internal";
import { evaluator, type Batches, type Evaluator, type LossResult, type Parts, type Weighted } from "@sluice/train";
import { withBackend } from "./backend.ts";
import {
  batchingOf,
  batchingOptions,
  shapesOf,
  type BatchesIfNeeded,
  type BatchingOptions,
  type OwnParts,
} from "./batching.ts";
import { modelOf, type Model, type ModelWeights, type SequenceExamples } from "./model.ts";
import { exampleOf, type NotFiniteOrigin } from "./not-finite.ts";
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

/** Computes loss and metrics of a model on examples, without dropout, in batches in the order of the data. */
export async function evaluateModel<
  P extends Tree,
  E extends object,
  M extends string = never,
  B extends SequenceExamples = OwnParts<E, SequenceExamples>,
>(
  model: Layer<P>,
  params: NoInfer<P>,
  examples: E,
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
  examples: E,
  options: EvaluateOptions<E, B, O, M> & BatchesIfNeeded<E, B>,
): Promise<Measured<M>>;
export async function evaluateModel<
  P extends Tree,
  E extends object,
  O extends Tree,
  M extends string,
  B extends Parts,
>(model: Layer<P> | Model<P, B, O>, params: P, examples: E, options: EvaluateOptions<E, B, O, M>): Promise<Measured> {
  checkOptions("evaluateModel", options, [...objectiveOptions, ...batchingOptions, "buffers", "backend"], {
    batchSize: "size",
  });
  const own = modelOf(model);
  const objective = objectiveOf("evaluateModel", own, options);
  const weights = { params, buffers: options.buffers ?? own.initialBuffers?.() ?? {} };
  const cut = batchingOf("evaluateModel", options)(examples);
  return withBackend(options.backend, async (backend) => {
    const measurer = measuring({ objective, weights, backend });
    try {
      return await measurer.run(weights, cut);
    } finally {
      await measurer.dispose();
    }
  });
}

/** Evaluates one objective. */
export interface Measurer<P extends Tree, B extends Parts> {
  run(weights: ModelWeights<P>, cut: Batches<B>): Promise<Measured>;
  /** Where the first NaN or infinity came from, found on the reference backend. Undefined if there is none. */
  origin(weights: ModelWeights<P>, cut: Batches<B>): Promise<NotFiniteOrigin | undefined>;
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
    async run({ params, buffers }, cut) {
      const found = await evaluatorOf(cut.at(0).batch);
      const streams = objective.streams();
      const evaluation = await found.run(params, cut.epoch(0), {
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
    async origin({ params, buffers }, cut) {
      const found = await evaluatorOf(cut.at(0).batch);
      for (const numbered of cut.epoch(0)) {
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
