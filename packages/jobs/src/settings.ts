import type { Anchor, Budget, Claim, Settings, TrialContext } from "@sluice/study";
import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";
import type { TrainingSettings } from "@sluice/trials";
import type { JobTune } from "./tune.ts";

/** Settings of every job: those of training, and the size of the network. */
export type JobSettings = TrainingSettings & {
  /** Hidden units. Default 32. */
  readonly hidden: number;
  /** Ends training after this many validations without improvement. Default 0: never. */
  readonly patience: number;
  /** The rate of dropout before the readout and, of tokens, after the embedding. Default 0. */
  readonly dropout: number;
};

/** The default settings of a job. */
const jobSettings = {
  hidden: 32,
  batch: 32,
  epochs: 20,
  learningRate: 1e-3,
  clip: 1,
  logEvery: 20,
  // 0: once an epoch.
  validateEvery: 0,
  patience: 0,
  dropout: 0,
  multiplyAdd: "separate",
} as const satisfies JobSettings;

/** What every job takes: what its study is called, how much it may cost, and its settings. */
export interface JobOptions<S extends Settings = JobSettings> {
  /** Lower-case words joined by hyphens. It names the runs folder and is part of seeds and trial identities. */
  readonly name: string;
  /** The report's title. Default: the name. */
  readonly title?: string;
  /** The study's question. Default: one that says what is compared. */
  readonly question?: string;
  /** How many seeds, or a list of seeds. */
  readonly seeds?: number | readonly number[];
  /**
   * How much a run may cost, by names of your choice, as in `study`. Default: `full`, and `quick` with a fifth of the
   * epochs and at most three seeds.
   */
  readonly budgets?: { readonly [budget: string]: Budget<S> };
  /** The budget of a run that names none. Default: the first. */
  readonly defaultBudget?: string;
  /** Published numbers to print next to the measured ones. */
  readonly anchors?: readonly Anchor[];
  /** The claims that the report decides. Default: the first variant is better than each other one. */
  readonly claims?: readonly Claim[];
  /** A sentence or two for the report about what was scaled down or left out. */
  readonly notes?: string;
  /** Time limit of a trial per session, in seconds. Default: none. */
  readonly limit?: number;
  /** Hidden units. Default 32. */
  readonly hidden?: number;
  /** Examples per training step. Default 32. */
  readonly batch?: number;
  /** Passes over the training data. Default 20. */
  readonly epochs?: number;
  /** The learning rate of Adam. Default 1e-3. */
  readonly learningRate?: number;
  /** Largest global norm of the gradient. Default 1. */
  readonly clip?: number;
  /** Steps per point of the curves of loss and gradient norm. Default 20. */
  readonly logEvery?: number;
  /** Steps between validations. Default 0: one epoch. */
  readonly validateEvery?: number;
  /** Ends training after this many validations without improvement. Default 0: never. */
  readonly patience?: number;
  /** The rate of dropout before the readout and, of tokens, after the embedding. Default 0. */
  readonly dropout?: number;
  /**
   * Tunes settings, with as many tries for every variant on every task: `{ rate: [1e-4, 1e-2], trials: 12 }`. Run such a
   * study by `sluice sweep`. Default: nothing is tuned.
   */
  readonly tune?: JobTune;
}

const studyOptions = [
  "name",
  "title",
  "question",
  "seeds",
  "budgets",
  "defaultBudget",
  "anchors",
  "claims",
  "notes",
  "limit",
] as const;

/** The names of the options that every job takes. */
export const jobOptions: readonly string[] = [...studyOptions, "tune", ...Object.keys(jobSettings).slice(0, -1)];

/** Other libraries' names of the options. */
export const jobAliases = {
  lr: "learningRate",
  rate: "learningRate",
  batchSize: "batch",
  size: "batch",
  units: "hidden",
  earlyStopping: "patience",
  metrics: "select",
};

/** The settings of a job: the defaults, and what its options say. */
export function settingsFrom<S extends Settings>(operation: string, options: JobOptions<S>): JobSettings {
  const checked = (name: NumberSetting, isRight: (value: number) => boolean, expected: string): number => {
    const value = options[name] ?? jobSettings[name];
    if (typeof value === "number" && isRight(value)) return value;
    throw new TensorError(`${operation}: expected ${name} as ${expected}, got ${shown(value)}`);
  };
  const count = (name: NumberSetting, least = 1): number =>
    checked(name, (value) => Number.isInteger(value) && value >= least, `an integer >= ${least}`);
  const positive = (name: NumberSetting): number => checked(name, (value) => value > 0, "a number above 0");
  return {
    hidden: count("hidden"),
    batch: count("batch"),
    epochs: count("epochs"),
    learningRate: positive("learningRate"),
    clip: positive("clip"),
    logEvery: count("logEvery"),
    validateEvery: count("validateEvery", 0),
    patience: count("patience", 0),
    dropout: checked("dropout", (value) => value >= 0 && value < 1, "a rate of at least 0 and below 1"),
    multiplyAdd: jobSettings.multiplyAdd,
  };
}

/** Throws an error if a setting is none of its choices. */
export function checkChoice(operation: string, name: string, given: string, choices: readonly string[]): void {
  if (choices.includes(given)) return;
  throw new TensorError(`${operation}: ${name} is ${shown(given)}, expected ${choices.join(", ")}`);
}

type NumberSetting = Exclude<keyof typeof jobSettings, "multiplyAdd">;

/** The options of a study that a job passes on. */
export function studyPart<S extends Settings>(
  options: JobOptions<S>,
): Pick<JobOptions<S>, Exclude<(typeof studyOptions)[number], "claims">> {
  const given = Object.entries(options).filter(([name]) => studyOptions.some((known) => known === name));
  return { ...Object.fromEntries(given), name: options.name };
}

/** The context of a trial on so many training examples: a validation follows each epoch if the settings say 0. */
export function trainingContext<S extends TrainingSettings>(
  context: TrialContext<S>,
  examples: number,
): TrialContext<S> {
  const { batch, validateEvery } = context.config;
  if (validateEvery > 0) return context;
  return { ...context, config: { ...context.config, validateEvery: Math.ceil(examples / batch) } };
}
