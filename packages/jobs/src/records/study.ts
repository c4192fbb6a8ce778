import { study, type Study } from "@sluice/study";
import { key, TensorError, type Tensor } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import { loadState } from "@sluice/train";
import { predict } from "@sluice/trials";
import { firstIsBetter } from "../claims.ts";
import { studyPart } from "../settings.ts";
import { spendingOf, type Tunable } from "../tune.ts";
import { readFitting, type ReadKept } from "./kept.ts";
import { asPredicted, recordsModel } from "./model.ts";
import {
  checkedRecords,
  type RecordsJob,
  type RecordsSettings,
  type RecordsStudyOptions,
  type Selection,
} from "./options.ts";
import { inputsOf } from "./prepared.ts";
import { checkSource, hashOf, readRecords, type RecordsSource } from "./source.ts";
import { classMetrics, numberMetrics, recordsTrial } from "./trial.ts";

/** What a model predicts for the rows of new records. */
export interface RecordsPrediction {
  /** The ids of the rows, in the order of the values. */
  readonly ids: readonly string[];
  /** The probabilities of the classes, `[rows, classes]`, or numbers in the unit of the target, `[rows, 1]`. */
  readonly values: Tensor;
}

/** A study of records, whose trials keep models that can be used. */
export interface RecordsStudy extends Study<RecordsSettings> {
  /**
   * What the model of a trial predicts for new records. `read` gives the files that the trial has kept, by name; of a
   * folder of `sluice run`: `(name) => readFile(join(folder, "files", name))`. The records are read as those of the
   * study, with the variables that the model was trained on; they need no target. A row has the same bits whatever other
   * rows there are.
   */
  predict(read: ReadKept, records: RecordsSource): Promise<RecordsPrediction>;
}

/**
 * A study that goes from records to models: it divides the rows into folds, fits scaler and imputer to the training rows
 * of each, trains cells, keeps the weights of the best epoch, and tests them. A module with
 *
 *     export default recordsStudy({
 *       name: "ward",
 *       records: { path: new URL("ward.csv", import.meta.url) },
 *       reading: { layout: "wide", time: { unit: "hours" }, variables: ["pulse", "temperature"] },
 *       target: { name: "outcome", categories: ["better", "worse"] },
 *     });
 *
 * is run by `sluice run`. A trial keeps its weights, and `fitting.json` with what was fitted; `predict` of the study uses
 * both in any process. Rows without a target are left out. Classes are stratified over the folds, and the seed decides
 * the division. The log of a trial says what of the records could not be read.
 *
 * Throws an error that names the option that is wrong.
 */
export function recordsStudy(options: RecordsStudyOptions): RecordsStudy {
  const job = checkedRecords("recordsStudy", options);
  const { target, cells, isClass, folds, source, settings } = job;
  const names = [...cells.keys()];
  const [first = "", ...others] = names;
  const better = others.length > 0 ? `, and is ${first} better than ${others.join(", ")}` : "";
  const metrics = isClass ? classMetrics : numberMetrics;
  const claimed = isClass
    ? { metric: "accuracy", described: classMetrics.accuracy }
    : { metric: "rmse", described: numberMetrics.rmse };
  const made = study<RecordsSettings>({
    question: `How well is ${target.name} predicted from the records${better}?`,
    ...studyPart(options),
    ...spendingOf("recordsStudy", options, {
      tunable,
      metric: tunedBy(isClass, settings.select),
      epochs: settings.epochs,
    }),
    settings,
    tasks: { [target.name]: {} },
    variants: Object.fromEntries(names.map((cell) => [cell, { cell }])),
    seeds: options.seeds ?? 1,
    folds,
    metrics,
    stepLabel: "optimizer step",
    claims: options.claims ?? firstIsBetter({ variants: names, tasks: [{ task: target.name, ...claimed }] }),
    data: () => hashOf(source),
    trial: (context) => recordsTrial(context, job),
  });
  return { ...made, predict: (read, records) => predicted(job, read, records) };
}

const tunable: readonly Tunable[] = ["learningRate", "clip", "dropout", "hidden", "batch", "epochs"];

/** The validation metric that decides when settings are tuned: that which selects the epoch, if it is one. */
function tunedBy(isClass: boolean, select: Selection): string {
  if (!isClass) return "validationRmse";
  return select === "auroc" ? "validationAuroc" : "validation";
}

async function predicted(
  { reading, target, cells, isClass }: RecordsJob,
  read: ReadKept,
  records: RecordsSource,
): Promise<RecordsPrediction> {
  checkSource("predict", records);
  const fitted = await readFitting(read, target);
  const { observations } = await readRecords(records, reading, {
    variables: fitted.scaler.variables.map(({ variable }) => variable),
    statics: fitted.scaler.statics.map(({ variable }) => variable),
  });
  const cell = cells.get(fitted.cell)?.cell;
  if (cell === undefined)
    throw new TensorError(
      `predict: the model has the cell ${shown(fitted.cell)}, but the study has ${[...cells.keys()].join(", ")}`,
    );
  const examples = inputsOf(observations, fitted, fitted.inputs);
  // Dropout is for training alone.
  const parts = { cell, place: `predict: cells.${fitted.cell}`, hidden: fitted.hidden, isClass, dropout: 0 };
  const model = recordsModel({ ...parts, outputs: target.categories?.length ?? 1 }, examples, fitted);
  const weights: Uint8Array = await read(fitted.weights);
  const params = await loadState(weights, model.init(key(0)));
  return { ids: observations.ids, values: asPredicted(await predict(model, params, examples), isClass) };
}
