import { reportLines } from "@sluice/irregular";
import { weightFiles, type Metric, type TrialContext, type TrialOutcome } from "@sluice/study";
import { mul, TensorError, type Tree } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import {
  accuracyScore,
  auroc,
  crossEntropy,
  meanAbsoluteError,
  mse,
  rootMeanSquaredError,
  rowsOf,
} from "@sluice/train";
import { classificationMetrics, regressionMetrics, trainingTrial, type FitData, type Model } from "@sluice/trials";
import { keeping } from "../kinds.ts";
import { trainingContext } from "../settings.ts";
import { fittingBytes, fittingFile } from "./kept.ts";
import { recordsModel } from "./model.ts";
import { checkChoices, type RecordsJob, type RecordsSettings } from "./options.ts";
import {
  checkRows,
  divided,
  fitting,
  inputsOf,
  targetsOf,
  withoutTarget,
  type Fitting,
  type RecordsExamples,
} from "./prepared.ts";
import { readRecords } from "./source.ts";

/** The metrics of a study of records whose target are classes. */
export const classMetrics = {
  validation: classificationMetrics.validation,
  accuracy: classificationMetrics.accuracy,
  validationAuroc: { label: "Validation AUROC", better: "higher", split: "validation", digits: 3 },
  auroc: { label: "Held-out AUROC", better: "higher", split: "test", digits: 3, curve: false },
  loss: classificationMetrics.loss,
  gradientNorm: classificationMetrics.gradientNorm,
} as const satisfies { readonly [name: string]: Metric };

/** The metrics of a study of records whose target is a number. */
export const numberMetrics = {
  validationRmse: regressionMetrics.validationRmse,
  rmse: regressionMetrics.rmse,
  mae: regressionMetrics.mae,
  loss: regressionMetrics.loss,
  gradientNorm: regressionMetrics.gradientNorm,
} as const satisfies { readonly [name: string]: Metric };

type Examples = RecordsExamples & { readonly y: RecordsExamples["x"] };

/** Trains a cell on the records of one fold, and keeps what its predictions need. */
export async function recordsTrial(
  given: TrialContext<RecordsSettings>,
  { source, reading, target, cells, group, isClass }: RecordsJob,
): Promise<TrialOutcome> {
  const { config, fold, seed } = given;
  if (fold === null) throw new TensorError("recordsStudy: a trial has no fold");
  const statics = [...(reading.statics ?? []), target];
  const { observations: all, report } = await readRecords(source, reading, { statics });
  if (given.restored === null) for (const line of reportLines(report)) given.log(line);
  const targeted = withoutTarget(all);
  const { observations, y } = targeted;
  checkRows("recordsStudy", y, target);
  checkChoices("recordsStudy", { isClass, reading }, config);
  const { hidden, validation, inputs } = config;
  const groups = group && observations.ids.map(group);
  const rows = divided(y, { fold, seed, validation, groups, isClass });
  const fitted = fitting(targeted, rows.train, { imputation: config.imputation, isClass });
  const examples = inputsOf(observations, fitted, inputs);
  const whole: Examples = { ...examples, y: targetsOf(y, isClass) };
  const data = {
    train: rowsOf(whole, rows.train),
    validation: rowsOf(whole, rows.validation),
    test: rowsOf(whole, rows.test),
  };
  const cell = cells.get(config.cell)?.cell;
  if (cell === undefined) throw new TensorError(`recordsStudy: there is no cell ${shown(config.cell)}`);
  const outputs = target.categories?.length ?? 1;
  const place = `recordsStudy: cells.${config.cell}`;
  const model = recordsModel({ cell, place, hidden, outputs, isClass, dropout: config.dropout }, examples, fitted);
  const outcome = await (isClass ? ofClasses : ofNumbers)(
    trainingContext(given, rows.train.length),
    model,
    data,
    fitted,
  );
  const kept = { ...fitted, target, cell: config.cell, hidden, inputs, weights: weightFiles.best } as const;
  await given.file(fittingFile, fittingBytes(kept));
  return outcome;
}

type Trained = (
  context: TrialContext<RecordsSettings>,
  model: Model<Tree, RecordsExamples>,
  data: FitData<Examples>,
  fitted: Fitting,
) => Promise<TrialOutcome>;

const ofClasses: Trained = (context, model, data) => {
  const { select } = context.config;
  return trainingTrial(context, model, {
    data,
    loss: crossEntropy,
    metrics: { accuracy: accuracyScore(), auroc: auroc() },
    ...keeping(context.config, data),
    ...(select === "accuracy" || select === "auroc" ? { watch: { metric: select, better: "higher" } } : {}),
    validated: ({ metrics }) => ({ validation: 100 * metrics.accuracy, validationAuroc: metrics.auroc }),
    tested: ({ metrics }) => ({ accuracy: 100 * metrics.accuracy, auroc: metrics.auroc }),
  });
};

/** The loss is that of standardized targets, so that the learning rate does not depend on their unit. */
const ofNumbers: Trained = (context, model, data, { spread }) => {
  const { select } = context.config;
  return trainingTrial(context, model, {
    data,
    loss: (output, y, counted) => mse(mul(output, 1 / spread), mul(y, 1 / spread), counted),
    metrics: { rmse: rootMeanSquaredError(), mae: meanAbsoluteError() },
    ...keeping(context.config, data),
    ...(select === "rmse" || select === "mae" ? { watch: { metric: select, better: "lower" } } : {}),
    validated: ({ metrics }) => ({ validationRmse: metrics.rmse }),
    tested: ({ metrics }) => metrics,
  });
};
