import { imputationExamples } from "@sluice/irregular";
import type { Settings, TrialContext, TrialOutcome } from "@sluice/study";
import {
  evaluateMetric,
  meanAbsoluteError,
  meanRelativeError,
  rootMeanSquaredError,
  type StreamingMetric,
} from "@sluice/train";
import type { Tensor } from "@sluice/tensor";
import { imputationTrial, metricOfCounted, type Scored, type TrainingSettings } from "@sluice/trials";
import { britsModel, mRnnModel } from "./model.ts";
import { filledByRule, type Rule } from "./rules.ts";
import { hideIn, type HiddenYears, type Kind, type Years } from "./weather.ts";

export type Method = Rule | "brits" | "mRnn";

/** Settings of a trial. */
export type ImputationSettings = Settings &
  TrainingSettings & {
    readonly method: Method;
    readonly kind: Kind;
    readonly rate: number;
    readonly hidden: number;
    readonly patience: number;
  };

/** Hides values of the weather, and lets one method fill them in. */
export async function weatherTrial(context: TrialContext<ImputationSettings>, years: Years): Promise<TrialOutcome> {
  const { kind, rate, method } = context.config;
  const hidden = hideIn(years, { kind, rate, seed: context.seed });
  return method === "brits" || method === "mRnn" ? trained(context, method, hidden) : ruled(context, method, hidden);
}

function examplesOf({ train, validation, test }: HiddenYears) {
  return {
    train: imputationExamples(train.whole, train.hidden),
    validation: imputationExamples(validation.whole, validation.hidden),
    test: imputationExamples(test.whole, test.hidden),
  };
}

/** Trains a network on what is left, and tests the weights with the least error of the hidden values of 2014. */
async function trained(
  context: TrialContext<ImputationSettings>,
  method: "brits" | "mRnn",
  years: HiddenYears,
): Promise<TrialOutcome> {
  const { hidden, patience } = context.config;
  const task = { data: examplesOf(years), keep: "best", patience, watch: { metric: "mae" } } as const;
  if (method === "brits") {
    const { model, lossOf } = britsModel(hidden);
    return imputationTrial(context, model, {
      ...task,
      predictionOf: ({ imputed }) => imputed,
      loss: (output, _y, _counted, batch) => lossOf(output, batch),
    });
  }
  const { model, lossOf } = mRnnModel(hidden, years.train.hidden.batch);
  return imputationTrial(context, model, {
    ...task,
    predictionOf: ({ imputed }) => imputed,
    loss: (output, _y, _counted, batch) => lossOf(output, batch),
  });
}

/** Fills in by a rule that is not trained. */
async function ruled({ tuning }: Pick<TrialContext, "tuning">, rule: Rule, years: HiddenYears): Promise<TrialOutcome> {
  const { validation, test } = examplesOf(years);
  const fill = (part: "validation" | "test"): Tensor =>
    filledByRule(rule, years.train.hidden.batch, years[part].hidden.batch);
  const validated = { validationImputationMae: errorOf(meanAbsoluteError(), fill("validation"), validation.y) };
  if (tuning) return { metrics: validated };
  const filled = fill("test");
  return {
    parameters: 0,
    metrics: {
      ...validated,
      imputationMae: errorOf(meanAbsoluteError(), filled, test.y),
      imputationRmse: errorOf(rootMeanSquaredError(), filled, test.y),
      imputationMre: errorOf(meanRelativeError(), filled, test.y),
    },
  };
}

/** An error of the values that were hidden. */
function errorOf<S extends object>(metric: StreamingMetric<number, S>, filled: Tensor, y: Scored): number {
  const value = evaluateMetric(metricOfCounted(metric), filled, y);
  if (typeof value === "number") return value;
  throw new Error(`imputation: ${value.notDefined}`);
}
