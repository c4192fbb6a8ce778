import type { Claim } from "./claims/claim.ts";
import type { SameSetting } from "./same-setting.ts";
import type { Tune } from "./tuning/tune.ts";
import type { Settings, TrialContext, TrialOutcome } from "./trial.ts";

/** What {@link Metric.better} may be. */
export const metricDirections = ["higher", "lower", "neither"] as const;

/** A number that the study measures for each trial. */
export interface Metric {
  readonly label: string;
  /** The unit in which values are given; `%` means that 96.2 is written 96.2. */
  readonly unit?: string;
  /** Which values are better; "neither" for a number that only describes, about which no claim is possible. */
  readonly better: (typeof metricDirections)[number];
  /**
   * The data on which it is measured. Tuning trials have no values of `test` metrics: a trial that gives one while it
   * tunes has failed. Without a split, a metric may be used for tuning.
   */
  readonly split?: "training" | "validation" | "test";
  /** What guessing gives, or gives on each task. Tables have it below the variants. */
  readonly chance?: number | { readonly [task: string]: number };
  /** The tasks that have this metric. Default: all. */
  readonly tasks?: readonly string[];
  /** How a curve becomes one number: its last value (default), its best value, or the mean of its last tenth. */
  readonly summarise?: "last" | "best" | "tail mean";
  /** Digits after the point; default: four significant digits. */
  readonly digits?: number;
  /** Draw its curve on a logarithmic axis. */
  readonly log?: boolean;
  /** `false` for a metric whose curve should not be drawn. */
  readonly curve?: boolean;
}

/** A published number, printed next to the measured one. */
export interface Anchor {
  /** Name of a task of the study, or of another task. */
  readonly task: string;
  readonly variant: string;
  /** Name of a metric of the study. */
  readonly metric: string;
  readonly value: number;
  /** As published, such as "±0.4, 5 seeds". */
  readonly spread?: string;
  readonly source: string;
  /** The published setting, in one line. */
  readonly setting: string;
  /**
   * Whether that setting is the one measured here, or in which budgets it is: `{ budgets: ["paper"] }`. If not, the
   * report says so next to the number.
   */
  readonly sameSetting: SameSetting;
}

/** A published number next to the numbers of one run. */
export interface AnchorOfRun extends Anchor {
  readonly sameSetting: boolean;
}

/** Some of the settings. If a setting is an object, the given members override the default's. */
export type Overrides<S> = { readonly [K in keyof S]?: Override<S[K]> };

// For a union, each member is handled separately.
type Override<V> = V extends readonly unknown[] ? V : V extends object ? Overrides<V> : V;

/**
 * Settings of a budget, which override those of task and variant, with the number of seeds and differences per task.
 */
export type Budget<S extends Settings> = Overrides<S> & {
  /** How many of the study's seeds to run, from the first. */
  readonly seeds?: number;
  /** How many of the study's folds to run, from the first. */
  readonly folds?: number;
  /** A sentence for the report, such as what a smaller budget cannot show. */
  readonly notes?: string;
  readonly perTask?: { readonly [task: string]: Overrides<S> };
};

/** Options of `study`. */
export interface StudyOptions<S extends Settings> {
  /** Lower-case words joined by hyphens. It names the runs folder and is part of seeds and trial identities. */
  readonly name: string;
  /** The report's title; default: the name. */
  readonly title?: string;
  /** The study's question, in a sentence or two. */
  readonly question: string;
  /** Every setting of a trial with its default. Tasks, variants and budgets can override only these. */
  readonly settings: S;
  /** The tasks by name, each with the settings that it overrides. */
  readonly tasks: { readonly [task: string]: Overrides<NoInfer<S>> };
  /** The variants by name, each with the settings that it overrides. */
  readonly variants: { readonly [variant: string]: Overrides<NoInfer<S>> };
  /** How many seeds (0, 1, ...), or a list of seeds. */
  readonly seeds: number | readonly number[];
  /**
   * The number of folds (cross-validation). Each seed is trained and tested this many times, each time with another
   * part of the data for the test. There is then one trial per fold, which finds it in `context.fold`. The value of a
   * seed is the mean over its folds.
   */
  readonly folds?: number;
  /** How much a run may cost, by names of your choice. A budget "full" with no changes exists by default. */
  readonly budgets?: { readonly [budget: string]: Budget<NoInfer<S>> };
  /** The budget of a run that names none; default: the first. */
  readonly defaultBudget?: string;
  /** By name, as in the rows given to `context.metric`. The first metric is the headline. */
  readonly metrics: { readonly [metric: string]: Metric };
  /** Published numbers to print next to the measured ones. */
  readonly anchors?: readonly Anchor[];
  /** Statements that the study can confirm or refute. */
  readonly claims?: readonly Claim[];
  /** How a sweep (`planSweep`, `sluice sweep`) tunes settings. A run ignores it. Default: nothing is tuned. */
  readonly tune?: Tune;
  /** What the horizontal axis of the curves counts; default "step". */
  readonly stepLabel?: string;
  /** A sentence or two for the report about what was scaled down or left out. */
  readonly notes?: string;
  /**
   * SHA-256, by name, of the data that the trials read. It runs before anything starts, so report missing or damaged
   * files here.
   */
  data?(context: {
    readonly dataFolder: string | null;
  }): { readonly [name: string]: string } | Promise<{ readonly [name: string]: string }>;
  /** Estimated seconds per trial on one thread, used until a trial has been timed on this machine. */
  estimate?(config: Readonly<S>): number;
  /**
   * Time limit of a trial per session, in seconds. A trial that exceeds it is asked to stop, soon after killed, and
   * counts as failed. Default: none.
   */
  readonly limit?: number;
  /**
   * How many bytes of memory a trial may have, with all processes that it starts. A trial that has more is killed and
   * counts as failed. Default: no limit.
   */
  readonly memory?: number;
  /**
   * Trains and evaluates one setting with one seed. It can be any async function; this package does not depend on
   * tensors.
   */
  trial(context: TrialContext<S>): Promise<TrialOutcome | void>;
}

/** A study with validated settings. */
export interface Study<S extends Settings = Settings> extends StudyOptions<S> {
  readonly kind: "study";
  readonly seeds: readonly number[];
  readonly title: string;
  readonly budgets: { readonly [budget: string]: Budget<S> };
  readonly defaultBudget: string;
  readonly stepLabel: string;
  readonly anchors: readonly Anchor[];
  readonly claims: readonly Claim[];
}

/** The settings of a budget, without its other fields. */
export function settingsOf<S extends Settings>({
  seeds: _,
  folds: _folds,
  notes: _notes,
  perTask: _tasks,
  ...settings
}: Budget<S>) {
  return settings;
}

/** Whether a module's default export is a study made by `study`, of this or another copy of the package. */
export function isStudy(value: unknown): value is Study {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    value.kind === "study" &&
    "trial" in value &&
    "variants" in value
  );
}
