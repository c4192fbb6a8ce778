import { study, type Metric, type Study, type TrialContext, type TrialOutcome } from "@sluice/study";
import { TensorError, type Tree } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { modelOf, type Model } from "@sluice/trials";
import { firstIsBetter } from "../claims.ts";
import { dataOf, isDataset, type TaskData } from "../data.ts";
import { everySplit, rowCount, type Targeted } from "../examples.ts";
import { keeping, kinds } from "../kinds.ts";
import {
  checkChoice,
  jobAliases,
  jobOptions,
  settingsFrom,
  studyPart,
  trainingContext,
  type JobOptions,
  type JobSettings,
} from "../settings.ts";
import { spendingOf, type Tunable } from "../tune.ts";
import { checkedCells, matchedModel, matches, type CellOf, type ComparedCell, type Match } from "./cells.ts";
import { groupsIn, splitsOfFold } from "./folds.ts";
import { horizonOf, horizonOfModel } from "./horizon.ts";
import { withFeatures } from "./inputs.ts";
import { checkedTasks, needsOf, type ComparedTask, type NamedTask } from "./tasks.ts";

/** The settings of {@link compare}. */
export type CompareSettings = JobSettings & {
  /** The name of the cell. */
  readonly cell: string;
  readonly match: Match;
  /** Features of the embedding of tokens, for tasks that have them. Default 16. */
  readonly embedding: number;
};

/** Options of {@link compare}. */
export interface CompareOptions extends JobOptions<CompareSettings> {
  /** The cells by name: functions of `{ input, hidden }`. The claims are about the first one. */
  readonly cells: Readonly<Record<string, CellOf | ComparedCell>>;
  /** Data sets, or `{ data, kind, name, settings }`. */
  readonly tasks: readonly (ComparedTask | TaskData)[];
  /**
   * What is made equal by the choice of hidden sizes. The first cell has `hidden` units, and each other one as many as
   * come nearest to it. Default `parameters`.
   */
  readonly match?: Match;
  /** Features of the embedding of tokens, for tasks that have them. Default 16. */
  readonly embedding?: number;
  /**
   * Cross-validation: each seed is trained and tested this many times. The examples of all splits of a data set are put
   * together and divided anew by every seed; a fifth of those outside a fold is for validation. Each fold has its share
   * of every class, or whole `groups` of the task. The value of a seed is the mean over its folds. Default: none, and
   * the splits are those of the data set.
   */
  readonly folds?: number;
  /**
   * Whether each trial reports how many steps back the gradient of the last output reaches, once it is trained. For cells
   * that read `x` alone. Default false.
   */
  readonly horizon?: boolean;
}

/** What every trial of {@link compare} reports of its model. */
const ofModel = {
  hidden: { label: "Hidden units", better: "neither", digits: 0, curve: false },
  parameters: { label: "Parameters", better: "neither", digits: 0, curve: false },
  products: { label: "Multiplications per sequence", better: "neither", digits: 0, curve: false },
} as const satisfies { readonly [name: string]: Metric };

/**
 * A study that compares cells on tasks: a module with
 *
 *     export default compare({ name: "mine", cells: { mine, gru, lstm }, tasks: [adding({ time: 50 })] });
 *
 * is run by `sluice run`. Each cell is one layer over the sequence with a linear readout, and an embedding before it if
 * `x` are tokens. The kept weights are those of the best validation. Beside the metrics of its kind of task, a trial
 * reports the hidden units, parameters and multiplications per sequence of its model. The claims are that the first cell is
 * better than each other one on each task: paired t tests over seeds, corrected for their number by Holm's method.
 *
 * With `tune`, `sluice sweep` first tunes every cell on every task with as many settings, by validation data; the claims
 * are then about tuned cells.
 *
 * Throws an error that names the option that is wrong.
 */
export function compare(options: CompareOptions): Study<CompareSettings> {
  checkOptions("compare", options, [...jobOptions, "cells", "tasks", "match", "embedding", "folds", "horizon"], {
    ...jobAliases,
    variants: "cells",
    data: "tasks",
    datasets: "tasks",
  });
  const { match = "parameters", embedding = 16, seeds = 10, folds, horizon = false } = options;
  const cells = checkedCells("compare", options.cells);
  const tasks = checkedTasks("compare", options.tasks);
  checkFolds(folds, tasks);
  checkChoice("compare", "match", match, matches);
  if (!Number.isInteger(embedding) || embedding < 1)
    throw new TensorError(`compare: expected embedding as an integer >= 1, got ${shown(embedding)}`);
  const names = [...cells.keys()];
  const [first = ""] = names;
  const settings: CompareSettings = { ...settingsFrom("compare", options), cell: first, match, embedding };
  const metrics = { ...metricsOf(tasks), ...(horizon ? { horizon: horizonOfModel } : {}) };
  checkTune(options, { match, tasks });
  return study<CompareSettings>({
    question: `Is ${first} better than ${names.slice(1).join(", ") || "others"}${equal[match]}?`,
    ...studyPart(options),
    ...spendingOf("compare", options, {
      tunable,
      metric: validationOf(tasks),
      epochs: settings.epochs,
      perTask: Object.fromEntries(tasks.map(({ name, settings: own }) => [name, own?.epochs])),
    }),
    settings,
    tasks: Object.fromEntries(tasks.map(({ name, settings: own = {} }) => [name, own])),
    variants: Object.fromEntries(names.map((cell) => [cell, { cell }])),
    seeds,
    ...(folds === undefined ? {} : { folds }),
    metrics,
    stepLabel: "optimizer step",
    claims:
      options.claims ??
      firstIsBetter({
        variants: names,
        tasks: tasks.map(({ name: task, kind }) => ({ task, ...kinds[kind].headline })),
        equal: equal[match],
      }),
    data: async ({ dataFolder }) => filesOf(tasks, dataFolder),
    trial: (context) => trialOf(context, { cells, tasks, horizon }),
  });
}

const tunable: readonly Tunable[] = ["learningRate", "clip", "dropout", "hidden", "batch", "epochs", "embedding"];

/** The validation metric of the tasks, or of each of them. */
function validationOf(tasks: readonly NamedTask[]): string | { readonly [task: string]: string } {
  const [first = "", ...others] = new Set(tasks.map(({ kind }) => kinds[kind].validation));
  if (others.length === 0) return first;
  return Object.fromEntries(tasks.map(({ name, kind }) => [name, kinds[kind].validation]));
}

/** Throws an error if cells that are matched would have other sizes, or if a task has nothing to tune by. */
function checkTune(
  { tune, folds }: CompareOptions,
  { match, tasks }: { readonly match: Match; readonly tasks: readonly NamedTask[] },
): void {
  if (tune === undefined) return;
  if (tune.hidden !== undefined && match !== "none")
    throw new TensorError(
      `compare: tune.hidden is given, but match: "${match}" chooses the hidden sizes; leave one of them out, or write match: "none"`,
    );
  // A fold always has validation examples.
  if (folds !== undefined) return;
  for (const { name, kind, data } of tasks)
    if (isDataset(data) && needsOf(`compare: task ${name}`, kind, data).splits.validation === undefined)
      throw new TensorError(`compare: task ${name} has no validation examples, by which settings are tuned`);
}

/** Throws an error if the folds are not at least two, or if a task says groups that are not there or not used. */
function checkFolds(folds: number | undefined, tasks: readonly NamedTask[]): void {
  if (folds !== undefined && (!Number.isInteger(folds) || folds < 2))
    throw new TensorError(`compare: expected folds as an integer >= 2, got ${shown(folds)}`);
  for (const { name, groups, data } of tasks) {
    if (groups === undefined) continue;
    if (folds === undefined)
      throw new TensorError(
        `compare: task ${name}: groups are for folds, and there are none; give folds, or leave groups out`,
      );
    if (isDataset(data)) groupsIn(`compare: task ${name}`, data.train, groups);
  }
}

const equal: { readonly [match in Match]: string } = {
  parameters: " with about as many parameters",
  flops: " with about as many multiplications",
  none: "",
};

interface Parts {
  readonly cells: ReturnType<typeof checkedCells>;
  readonly tasks: readonly NamedTask[];
  readonly horizon: boolean;
}

/** Trains one cell on one task. */
async function trialOf(given: TrialContext<CompareSettings>, { cells, tasks, horizon }: Parts): Promise<TrialOutcome> {
  const task = tasks.find(({ name }) => name === given.task);
  if (task === undefined) throw new TensorError(`compare: there is no task ${shown(given.task)}`);
  const place = `compare: task ${task.name}`;
  const { seed, dataFolder, config, fold } = given;
  const needs = needsOf(place, task.kind, await dataOf(place, task.data, { seed, dataFolder }));
  const { kind, sizes } = needs;
  const splits =
    fold === null ? needs.splits : splitsOfFold(place, needs.splits, { fold, seed, kind, groups: task.groups });
  // A run may ask for other settings than the options.
  checkChoice("compare", "match", config.match, matches);
  const sized = matchedModel("compare", cells, config.cell, { ...config, sizes });
  const context = trainingContext(given, rowCount(splits.train));
  const { layer, joined, hidden, parameters, products } = sized;
  const model: Model<Tree, Targeted> = modelOf(layer);
  const data = everySplit(splits, (examples) => withFeatures(examples, joined));
  let reached: { readonly horizon?: number | null } = {};
  const outcome = await kinds[kind].trial(context, model, {
    data,
    ...keeping(config, splits),
    async inspect(weights, when, backend) {
      if (!horizon || when === "start of training") return;
      const examples = data.validation ?? data.train;
      reached = { horizon: await horizonOf(place, layer, weights, { examples, backend }) };
    },
  });
  return { ...outcome, metrics: { ...outcome.metrics, hidden, parameters, products, ...reached } };
}

/** The metrics of all kinds of tasks that there are, each with its tasks; then those of training, and the sizes. */
function metricsOf(tasks: readonly NamedTask[]): { readonly [name: string]: Metric } {
  const all = tasks.flatMap(({ kind }) => Object.entries(kinds[kind].metrics));
  const of = (name: string): readonly string[] =>
    tasks.filter(({ kind }) => name in kinds[kind].metrics).map((task) => task.name);
  const found = Object.entries(Object.fromEntries(all)).map(([name, metric]): [string, Metric] => {
    const own = of(name);
    return [name, own.length === tasks.length ? metric : { ...metric, tasks: own }];
  });
  const isTraining = ([, { split }]: readonly [string, Metric]): boolean => split === "training";
  return {
    ...Object.fromEntries([...found.filter((one) => !isTraining(one)), ...found.filter(isTraining)]),
    ...ofModel,
  };
}

/** The SHA-256 of every file that the data sets were read from. */
async function filesOf(
  tasks: readonly NamedTask[],
  dataFolder: string | null,
): Promise<{ readonly [name: string]: string }> {
  const files: { [name: string]: string } = {};
  for (const task of tasks) {
    const { provenance } = await dataOf(`compare: task ${task.name}`, task.data, { seed: 0, dataFolder });
    Object.assign(files, provenance.files);
  }
  return files;
}
