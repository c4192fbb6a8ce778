import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import { reshape, TensorError, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { shown, suggestion } from "@sluice/tensor/internal";
import {
  characterMetrics,
  characterTrial,
  classificationMetrics,
  classificationTrial,
  forecastMetrics,
  forecastTrial,
  imputationMetrics,
  imputationTrial,
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
import { isScored, targetText, valuesIn, withScored, withTensors, type Targeted } from "./examples.ts";

/** What a trial trains a model on. */
type TaskOfKind = Pick<KnownTask<Tree, Targeted, Targeted, never>, "patience" | "keep" | "inspect"> & {
  readonly data: FitData<Targeted>;
};

/**
 * What the target of a task is. The first three are found by its dtype and shape:
 *
 * - `classification`: a class for each example, i32 `[examples]`.
 * - `labelling`: a class for each step, i32 `[examples, time]`.
 * - `regression`: numbers for each example or step, f32 `[examples, outputs]` or `[examples, time, outputs]`.
 * - `forecast`: the values after those that are seen, f32 `[examples, horizon, variables]`, or `{ values, counts }`.
 * - `imputation`: the values at the steps that are seen, some of them hidden, `{ values, counts }`.
 * - `polymusic`: the keys of the next step, 0 or 1, f32 `[examples, time, keys]`.
 * - `characters`: the next character, i32 `[examples, time]`.
 */
export type TaskKind =
  "classification" | "labelling" | "regression" | "forecast" | "imputation" | "polymusic" | "characters";

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
  /** Whether it may say which of its values count. */
  readonly scored?: true;
}

const classOfStep: Target = { dtype: "i32", axes: [2], shape: "i32 [examples, time]" };

interface Kind {
  /** The metrics of its trials. */
  readonly metrics: { readonly [name: string]: Metric };
  /** The one that claims are about. */
  readonly headline: Headline;
  /** The one that decides when settings are tuned. */
  readonly validation: string;
  readonly target: Target;
  /** What the readout gives: one output for each step, for the last step, or as the target has axes. */
  readonly readout: "every step" | "last step" | "horizon" | "as the target";
  trial(context: TrialContext<TrainingSettings>, model: Model<Tree, Targeted>, task: TaskOfKind): Promise<TrialOutcome>;
}

/** The kinds of tasks. */
export const kinds: { readonly [name in TaskKind]: Kind } = {
  classification: {
    metrics: classificationMetrics,
    headline: { metric: "accuracy", described: classificationMetrics.accuracy },
    validation: "validation",
    target: { dtype: "i32", axes: [1], shape: "i32 [examples]" },
    readout: "last step",
    trial: (context, model, { data, ...task }) =>
      classificationTrial(context, model, { ...task, data: withTensors("classification", data) }),
  },
  labelling: {
    metrics: labellingMetrics,
    headline: { metric: "stepAccuracy", described: labellingMetrics.stepAccuracy },
    validation: "stepValidation",
    target: classOfStep,
    readout: "every step",
    trial: (context, model, { data, ...task }) =>
      labellingTrial(context, model, { ...task, data: withTensors("labelling", data) }),
  },
  regression: {
    metrics: regressionMetrics,
    headline: { metric: "rmse", described: regressionMetrics.rmse },
    validation: "validationRmse",
    target: { dtype: "f32", axes: [2, 3], shape: "f32 [examples, outputs] or [examples, time, outputs]" },
    readout: "as the target",
    trial: (context, model, { data, ...task }) =>
      regressionTrial(context, model, { ...task, data: withTensors("regression", data) }),
  },
  forecast: {
    metrics: forecastMetrics,
    headline: { metric: "forecastMae", described: forecastMetrics.forecastMae },
    validation: "validationForecastMae",
    target: {
      dtype: "f32",
      axes: [3],
      shape: "f32 [examples, horizon, variables], or { values, counts }",
      scored: true,
    },
    readout: "horizon",
    trial(context, model, { data, ...task }) {
      const { values } = withScored(data).train.y;
      return forecastTrial(context, inShape(model, values.shape.slice(1)), { ...task, data: withScored(data) });
    },
  },
  imputation: {
    metrics: imputationMetrics,
    headline: { metric: "imputationMae", described: imputationMetrics.imputationMae },
    validation: "validationImputationMae",
    target: { dtype: "f32", axes: [3], shape: "{ values, counts }, f32 [examples, time, variables]", scored: true },
    readout: "every step",
    trial: (context, model, { data, ...task }) =>
      imputationTrial(context, model, { ...task, data: withScored(data), predictionOf: (output: Tensor) => output }),
  },
  polymusic: {
    metrics: polymusicMetrics,
    headline: { metric: "nll", described: polymusicMetrics.nll },
    validation: "validationNll",
    target: { dtype: "f32", axes: [3], shape: "f32 [examples, time, keys]" },
    readout: "every step",
    trial: (context, model, { data, ...task }) =>
      polymusicTrial(context, model, { ...task, data: withTensors("polymusic", data) }),
  },
  characters: {
    metrics: characterMetrics,
    headline: { metric: "bits", described: characterMetrics.bits },
    validation: "validationBits",
    target: classOfStep,
    readout: "every step",
    trial: (context, model, { data, ...task }) =>
      characterTrial(context, model, { ...task, data: withTensors("characters", data) }),
  },
};

/** A model whose rows of numbers are of a shape. */
const inShape = (model: Model<Tree, Targeted>, shape: readonly number[]): Model<Tree, Targeted> => ({
  ...model,
  apply(params, examples, options) {
    const { output, ...rest } = model.apply(params, examples, options);
    return { ...rest, output: reshape(output, [output.shape[0] ?? 0, ...shape]) };
  },
});

/** The kind of a task: the one that is given, if the target fits it, or else the one that the target fits. */
export function kindOf(place: string, y: Tree | undefined, given: TaskKind | undefined): TaskKind {
  checkKind(place, given);
  const of = valuesIn(place, y);
  const fits = (name: TaskKind): boolean => {
    const { dtype, axes, scored } = kinds[name].target;
    return dtype === of.dtype && axes.includes(of.shape.length) && (scored === true || !isScored(y));
  };
  const found = given ?? (["classification", "labelling", "regression"] as const).find(fits);
  if (found !== undefined && fits(found)) return found;
  const expected =
    found === undefined
      ? isScored(y)
        ? "a kind that reads it; give kind: forecast or imputation"
        : "a target of a known kind"
      : `${kinds[found].target.shape} for ${found}`;
  throw new TensorError(`${place}: the target y is ${targetText(y)}, expected ${expected}`);
}

/** Throws an error if a kind is none. */
export function checkKind(place: string, given: unknown): void {
  if (given === undefined || Object.keys(kinds).some((name) => name === given)) return;
  throw new TensorError(`${place}: kind is ${shown(given)}; ${suggestion(String(given), Object.keys(kinds))}`);
}

/** How many numbers the model gives for each example or step: the classes, or the width of the target. */
export function outputsOf(kind: TaskKind, data: FitData<Targeted>, classes: readonly string[] | undefined): number {
  const { train, validation, test } = data;
  const values = valuesIn(kind, train.y);
  if (kinds[kind].readout === "horizon") return (values.shape[1] ?? 1) * (values.shape[2] ?? 1);
  if (kinds[kind].target.dtype === "f32") return values.shape.at(-1) ?? 1;
  return classes?.length ?? classesIn([train, validation, test].map((split) => split && valuesIn(kind, split.y)));
}

/** Whether the model gives an output for each step. */
export const isPerStep = (kind: TaskKind, { train }: FitData<Targeted>): boolean => {
  const { readout } = kinds[kind];
  return readout === "every step" || (readout === "as the target" && valuesIn(kind, train.y).shape.length === 3);
};

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
  { validation }: { readonly validation?: unknown },
): { readonly keep?: "best"; readonly patience?: number } {
  if (validation === undefined) return {};
  return patience === 0 ? { keep: "best" } : { keep: "best", patience };
}
