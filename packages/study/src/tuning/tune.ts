import type { Distribution } from "../variants/random-search.ts";

/**
 * How a sweep tunes settings. For every task and variant it tries the same number of settings, with seeds of their own
 * and without test data. The best by a validation metric become the settings of the trials that are reported.
 *
 * In a study with folds this is done for every fold of every seed (nested cross-validation): the settings of a fold are
 * tuned on its own training and validation rows.
 */
export interface Tune {
  /** What is tuned: the distribution of each setting. Dots name members, such as `optimizer.rate`. */
  readonly over: { readonly [setting: string]: Distribution };
  /**
   * Which settings are tried. `random` draws them (Bergstra and Bengio 2012). `grid` takes every combination; each
   * setting then has a `choice`. `halving` draws them too, and gives more steps to the better ones.
   */
  readonly by: "random" | "grid" | { readonly halving: Halving };
  /**
   * How many settings are drawn per task and variant, for all budgets or for each of them. Not with `grid`. 0 for a
   * budget that tunes nothing because its settings are fixed, such as those of a paper.
   */
  readonly trials?: number | { readonly [budget: string]: number };
  /**
   * The metric that decides, by its name in `metrics`, or one for each task. It cannot be one of the test data (`split:
   * "test"`).
   */
  readonly metric: string | { readonly [task: string]: string };
  /**
   * How many tuning seeds each setting is tried with; their mean decides. Default 1. Not with folds: there a setting is
   * tried with the seed of the fold, because the seed may divide the data.
   */
  readonly seeds?: number;
  /** Seed of the draws; another one draws other settings. Default 0. */
  readonly draw?: number;
  /**
   * Whether the study's own settings are worth a run of their own: those of a paper, or a first guess. `sluice run` then
   * runs with them as long as nothing is tuned, and the report says so. Default false: it asks for the sweep.
   */
  readonly optional?: boolean;
}

/**
 * Successive halving (Jamieson and Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter
 * optimization"). All settings are tried with few steps. The best 1/eta of them are tried again with eta times as many,
 * and so on, until one is left or a trial has all its steps.
 *
 * A rung is decided when all its trials have ended, so the order in which they end changes nothing. On the next rung a
 * trial starts from the beginning: what it does may depend on its number of steps, as a learning rate schedule does.
 */
export interface Halving {
  /** The setting that counts steps or epochs. The value that it has in the study is that of the last rung. */
  readonly setting: string;
  /** Its value on the first rung, an integer of at least 1. */
  readonly from: number;
  /** An integer of at least 2; default 3. */
  readonly eta?: number;
}

/** The metric that decides on a task; empty if the task has none. */
export const decidingMetric = ({ metric }: Pick<Tune, "metric">, task: string): string =>
  typeof metric === "string" ? metric : Object.hasOwn(metric, task) ? (metric[task] ?? "") : "";

/** The metrics that decide, each once. */
export const decidingMetrics = ({ metric }: Pick<Tune, "metric">): readonly string[] =>
  typeof metric === "string" ? [metric] : [...new Set(Object.values(metric))];

/** Whether a sweep tunes with a budget: not if its settings are fixed. */
export const tunesWith = ({ trials }: Pick<Tune, "trials">, budget: string): boolean =>
  typeof trials !== "object" || trials[budget] !== 0;
