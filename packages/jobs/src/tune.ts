import type { Distribution, Tune } from "@sluice/study";
import { TensorError } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { jobBudgets, quickTrials, type JobBudgets } from "./budgets.ts";

/** What is tried for a setting: a range `[low, high]`, or a distribution such as `{ choice: [16, 32, 64] }`. */
export type Tried = readonly [low: number, high: number] | Distribution;

/** How a range of a setting is drawn. */
const scales = {
  learningRate: "logUniform",
  clip: "logUniform",
  dropout: "uniform",
  hidden: "integer",
  batch: "integer",
  epochs: "integer",
  embedding: "integer",
} as const satisfies { readonly [setting: string]: "logUniform" | "uniform" | "integer" };

/** The settings that a job may tune. */
export type Tunable = keyof typeof scales;

/**
 * How a job tunes its settings: what is tried for each, and how much. `sluice sweep` then tries as many settings for
 * every variant on every task, and runs the study with the best by the validation metric of the task.
 *
 *     tune: { rate: [1e-4, 1e-2], dropout: [0, 0.5], trials: 12 }
 *
 * A range of `rate`, which is the learning rate, or `clip` is drawn on a logarithmic scale, one of `dropout` evenly,
 * and one of `hidden`, `batch`, `epochs` or `embedding` evenly from its integers.
 */
export type JobTune<S extends Tunable = Tunable> = { readonly [setting in S]?: Tried } & {
  /** Another name of `learningRate`. */
  readonly rate?: Tried;
  /** How many settings are drawn per task and variant, for all budgets or for each of them. Default 12. */
  readonly trials?: number | { readonly [budget: string]: number };
  /** Which settings are tried, as in `study`. Default "random". */
  readonly by?: Tune["by"];
  /** How many tuning seeds each setting is tried with; their mean decides. Default 1. Not with folds. */
  readonly seeds?: number;
  /** Seed of the draws; another one draws other settings. Default 0. */
  readonly draw?: number;
  /**
   * Whether the study's own settings are worth a run of their own: those of a paper, or a first guess. `sluice run` then
   * runs with them as long as nothing is tuned, and the report says so. Default false: it asks for the sweep.
   */
  readonly optional?: boolean;
};

/** What a job knows when it tunes. */
interface TuningJob {
  /** The settings that may be tuned. */
  readonly tunable: readonly Tunable[];
  /** The validation metric that decides. */
  readonly metric: Tune["metric"];
  /** The epochs of the study. */
  readonly epochs: number;
  /** Epochs of the tasks that have their own. */
  readonly perTask?: { readonly [task: string]: number | undefined };
}

/** The options of a job that say how much is run. */
interface Spending {
  readonly tune?: JobTune;
  readonly budgets?: object;
}

/** How much a job runs, as options of its study: its budgets if it names none, and what it tunes. */
export function spendingOf(
  operation: string,
  { tune, budgets }: Spending,
  job: TuningJob,
): { readonly budgets?: JobBudgets; readonly tune?: Tune } {
  const usual = budgets === undefined ? { budgets: jobBudgets({ ...job, tune }) } : {};
  return { ...usual, ...(tune && { tune: tuneFrom(operation, tune, { ...job, quick: budgets === undefined }) }) };
}

const ways = ["trials", "by", "seeds", "draw", "optional"] as const;

/** The `tune` of a study, from that of a job. `quick`: the budget of this name tries fewer settings. */
function tuneFrom(
  operation: string,
  tune: JobTune,
  { tunable, metric, quick }: TuningJob & { readonly quick: boolean },
): Tune {
  const place = `${operation}: tune`;
  checkOptions(place, tune, [...ways, "rate", ...tunable], { lr: "rate", count: "trials", units: "hidden" });
  if (tune.rate !== undefined && tune.learningRate !== undefined)
    throw new TensorError(`${place}: rate and learningRate are the same setting; leave one of them out`);
  const over: { [setting: string]: Distribution } = {};
  for (const setting of tunable) {
    const tried = tune[setting] ?? (setting === "learningRate" ? tune.rate : undefined);
    if (tried !== undefined) over[setting] = distributionOf(`${place}.${setting}`, setting, tried);
  }
  if (Object.keys(over).length === 0)
    throw new TensorError(`${place}: nothing is tuned; give a range, such as { rate: [1e-4, 1e-2] }`);
  const { by = "random", seeds, draw, optional } = tune;
  // A grid has as many settings as combinations.
  const trials = tune.trials ?? (by === "grid" ? undefined : 12);
  return {
    over,
    by,
    metric,
    ...(trials === undefined ? {} : { trials: quick && typeof trials === "number" ? quickTrials(trials) : trials }),
    ...(seeds === undefined ? {} : { seeds }),
    ...(draw === undefined ? {} : { draw }),
    ...(optional === undefined ? {} : { optional }),
  };
}

function distributionOf(place: string, setting: Tunable, tried: Tried): Distribution {
  if (!Array.isArray(tried)) {
    if (typeof tried === "object" && tried !== null && !("length" in tried)) return tried;
    throw new TensorError(`${place} is ${shown(tried)}, expected a range [low, high], or { choice: [...] }`);
  }
  const [low, high]: readonly unknown[] = tried;
  const scale = scales[setting];
  if (tried.length !== 2 || typeof low !== "number" || typeof high !== "number")
    throw new TensorError(
      `${place} is ${shown(tried)}, expected a range [low, high]; for a list write { choice: [...] }`,
    );
  const least = { logUniform: "above 0", integer: ">= 1", uniform: ">= 0" }[scale];
  const isRight = scale === "logUniform" ? low > 0 : scale === "integer" ? low >= 1 : low >= 0;
  if (!isRight || !(low <= high))
    throw new TensorError(`${place} is [${low}, ${high}], expected two numbers ${least}, the lower first`);
  switch (scale) {
    case "logUniform":
      return { logUniform: [low, high] };
    case "uniform":
      return { uniform: [low, high] };
    case "integer":
      return { integer: [low, high] };
  }
}
