import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import { isTensor, TensorError, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { describe, shown, suggestion } from "@sluice/tensor/internal";
import {
  characterMetrics,
  characterTrial,
  classificationMetrics,
  classificationTrial,
  labellingMetrics,
  labellingTrial,
  polymusicMetrics,
  polymusicTrial,
  regressionMetrics,
  regressionTrial,
  type FitData,
  type KnownTask,
  type Model,
  type TrainingSettings,
} from "@sluice/trials";

/** Examples with a target. */
export type Supervised = { readonly [name: string]: Tensor; readonly y: Tensor };

/** What a trial trains a model on. */
type SupervisedTask = Pick<KnownTask<Tree, Supervised, Supervised, never>, "data" | "patience" | "keep" | "inspect">;

/**
 * What the target of a task is. The first three are found by its dtype and shape:
 *
 * - `classification`: a class for each example, i32 `[examples]`.
 * - `labelling`: a class for each step, i32 `[examples, time]`.
 * - `regression`: numbers for each example or step, f32 `[examples, outputs]` or `[examples, time, outputs]`.
 * - `polymusic`: the keys of the next step, 0 or 1, f32 `[examples, time, keys]`.
 * - `characters`: the next character, i32 `[examples, time]`.
 */
export type TaskKind = "classification" | "labelling" | "regression" | "polymusic" | "characters";

/** A metric with its name. */
export interface Headline {
  readonly metric: string;
  readonly described: Metric;
}

/** The dtype of a target, and the numbers of its axes. */
interface Target {
  readonly dtype: "i32" | "f32";
  readonly axes: readonly number[];
  readonly shape: string;
}

const classOfStep: Target = { dtype: "i32", axes: [2], shape: "i32 [examples, time]" };

interface Kind {
  /** The metrics of its trials. */
  readonly metrics: { readonly [name: string]: Metric };
  /** The one that claims are about. */
  readonly headline: Headline;
  readonly target: Target;
  trial(
    context: TrialContext<TrainingSettings>,
    model: Model<Tree, Supervised>,
    task: SupervisedTask,
  ): Promise<TrialOutcome>;
}

/** The kinds of tasks. */
export const kinds: { readonly [name in TaskKind]: Kind } = {
  classification: {
    metrics: classificationMetrics,
    headline: { metric: "accuracy", described: classificationMetrics.accuracy },
    target: { dtype: "i32", axes: [1], shape: "i32 [examples]" },
    trial: (context, model, task) => classificationTrial(context, model, task),
  },
  labelling: {
    metrics: labellingMetrics,
    headline: { metric: "stepAccuracy", described: labellingMetrics.stepAccuracy },
    target: classOfStep,
    trial: (context, model, task) => labellingTrial(context, model, task),
  },
  regression: {
    metrics: regressionMetrics,
    headline: { metric: "rmse", described: regressionMetrics.rmse },
    target: { dtype: "f32", axes: [2, 3], shape: "f32 [examples, outputs] or [examples, time, outputs]" },
    trial: (context, model, task) => regressionTrial(context, model, task),
  },
  polymusic: {
    metrics: polymusicMetrics,
    headline: { metric: "nll", described: polymusicMetrics.nll },
    target: { dtype: "f32", axes: [3], shape: "f32 [examples, time, keys]" },
    trial: (context, model, task) => polymusicTrial(context, model, task),
  },
  characters: {
    metrics: characterMetrics,
    headline: { metric: "bits", described: characterMetrics.bits },
    target: classOfStep,
    trial: (context, model, task) => characterTrial(context, model, task),
  },
};

/** The kind of a task: the one that is given, if the target fits it, or else the one that the target fits. */
export function kindOf(place: string, y: Tree | undefined, given: TaskKind | undefined): TaskKind {
  checkKind(place, given);
  const of = targetOf(place, y);
  const fits = (name: TaskKind): boolean =>
    kinds[name].target.dtype === of.dtype && kinds[name].target.axes.includes(of.shape.length);
  const found = given ?? (["classification", "labelling", "regression"] as const).find(fits);
  if (found !== undefined && fits(found)) return found;
  const expected = found === undefined ? "a target of a known kind" : `${kinds[found].target.shape} for ${found}`;
  throw new TensorError(`${place}: the target y is ${of.dtype} ${describe(of)}, expected ${expected}`);
}

/** Throws an error if a kind is none. */
export function checkKind(place: string, given: unknown): void {
  if (given === undefined || Object.keys(kinds).some((name) => name === given)) return;
  throw new TensorError(`${place}: kind is ${shown(given)}; ${suggestion(String(given), Object.keys(kinds))}`);
}

function targetOf(place: string, y: Tree | undefined): Tensor {
  if (isTensor(y)) return y;
  throw new TensorError(`${place}: the examples have no target y, a tensor; got ${shown(y)}`);
}

/** How many numbers the model gives for each example or step: the classes, or the width of the target. */
export function outputsOf(kind: TaskKind, data: FitData<Supervised>, classes: readonly string[] | undefined): number {
  if (kinds[kind].target.dtype === "f32") return data.train.y.shape.at(-1) ?? 1;
  return classes?.length ?? classesIn([data.train.y, data.validation?.y, data.test?.y]);
}

/** The number of classes: one more than the largest. */
export function classesIn(targets: readonly (Tensor | undefined)[]): number {
  let largest = 0;
  for (const target of targets)
    if (target !== undefined) for (const value of valuesOf(target)) largest = Math.max(largest, value);
  return largest + 1;
}

/** Keeps the best weights, and stops early, where there is validation data. */
export function keeping(
  { patience }: { readonly patience: number },
  { validation }: { readonly validation?: Supervised },
): { readonly keep?: "best"; readonly patience?: number } {
  if (validation === undefined) return {};
  return patience === 0 ? { keep: "best" } : { keep: "best", patience };
}
