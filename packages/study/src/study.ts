import { z } from "zod";
import type { Claim } from "./claims/claim.ts";
import { studyError } from "./error.ts";
import { suggestion } from "./nearest.ts";
import { overrideProblems } from "./settings.ts";
import type { Settings, TrialContext, TrialOutcome } from "./trial.ts";

/** A number that the study measures for each trial. */
export interface Metric {
  readonly label: string;
  /** The unit in which values are given; `%` means that 96.2 is written 96.2. */
  readonly unit?: string;
  readonly better: "higher" | "lower";
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
  /** Whether that setting is the one measured here. If not, the report says so next to the number. */
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

/** Options of {@link study}. */
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

const callable = z.custom<() => unknown>((value) => typeof value === "function", "expected a function");
const json: z.ZodType = z.json();
const settings = z.record(z.string(), json);
const count = z.int().min(1);

const metricSchema = z.strictObject({
  label: z.string().min(1),
  unit: z.string().optional(),
  better: z.enum(["higher", "lower"]),
  summarise: z.enum(["last", "best", "tail mean"]).optional(),
  digits: z.int().min(0).max(12).optional(),
  log: z.boolean().optional(),
  curve: z.boolean().optional(),
});

const anchorSchema = z.strictObject({
  task: z.string(),
  variant: z.string(),
  metric: z.string(),
  value: z.number(),
  spread: z.string().optional(),
  source: z.string().min(1),
  setting: z.string(),
  sameSetting: z.boolean(),
});

const budgetSchema = z
  .object({
    seeds: count.optional(),
    folds: count.optional(),
    notes: z.string().optional(),
    perTask: z.record(z.string(), settings).optional(),
  })
  .catchall(json);

/** A name that becomes a folder's name. */
const nameSchema = z
  .string()
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'expected lower-case words joined by hyphens, such as "digits"');

const studySchema = z.strictObject({
  name: nameSchema,
  title: z.string().optional(),
  question: z.string().min(1),
  settings,
  tasks: z.record(z.string().min(1), settings),
  variants: z.record(z.string().min(1), settings),
  seeds: z.union([count, z.array(z.int().min(0)).min(1)], "expected a number of seeds, or a list of integers"),
  budgets: z.record(nameSchema, budgetSchema).optional(),
  folds: z.int().min(2, "expected an integer of at least 2; leave the option out for none").optional(),
  defaultBudget: z.string().optional(),
  metrics: z.record(z.string().min(1), metricSchema),
  anchors: z.array(anchorSchema).optional(),
  claims: z.array(z.strictObject({ text: z.string().min(1), test: callable })).optional(),
  stepLabel: z.string().optional(),
  notes: z.string().optional(),
  data: callable.optional(),
  estimate: callable.optional(),
  limit: z.number().positive().optional(),
  trial: callable,
});

/**
 * Defines a study: a question, answered for every variant on every task with every seed. A trial is one (task, variant,
 * seed).
 *
 * @throws an error that names every wrong or unknown option, with the nearest known one.
 */
export function study<S extends Settings>(options: StudyOptions<S>): Study<S> {
  const parsed = studySchema.safeParse(options);
  if (!parsed.success) throw studyError(describe(options, parsed.error));
  const problems = crossCheck(options);
  if (problems.length > 0) throw studyError(headed(options, problems));
  const { budgets = DEFAULT_BUDGETS } = options;
  return Object.freeze({
    ...options,
    kind: "study",
    budgets,
    defaultBudget: options.defaultBudget ?? Object.keys(budgets)[0] ?? "",
    title: options.title ?? options.name,
    stepLabel: options.stepLabel ?? "step",
    seeds:
      typeof options.seeds === "number" ? Array.from({ length: options.seeds }, (_, index) => index) : options.seeds,
    anchors: options.anchors ?? [],
    claims: options.claims ?? [],
  });
}

const DEFAULT_BUDGETS = { full: {} };

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

const KNOWN = Object.keys(studySchema.shape);
const KNOWN_BELOW: Readonly<Record<string, readonly string[]>> = {
  "": KNOWN,
  metrics: Object.keys(metricSchema.shape),
  anchors: Object.keys(anchorSchema.shape),
  claims: ["text", "test"],
};

function describe(options: unknown, error: z.ZodError): string {
  return headed(
    options,
    error.issues.flatMap((issue) => {
      const where = issue.path.join(".");
      if (issue.code === "unrecognized_keys") {
        const known = KNOWN_BELOW[String(issue.path[0] ?? "")] ?? [];
        return issue.keys.map(
          (key) => `unknown option "${where === "" ? key : `${where}.${key}`}": ${suggestion(key, known)}`,
        );
      }
      return [`${where === "" ? "options" : where}: ${issue.message}`];
    }),
  );
}

/** What the schema cannot check: settings without a default, and tasks and metrics that do not exist. */
function crossCheck<S extends Settings>(options: StudyOptions<S>): string[] {
  const problems: string[] = [];
  const settingNames = Object.keys(options.settings);
  const known = (where: string, given: object, names: readonly string[], what: string): void => {
    for (const key of Object.keys(given)) {
      if (!names.includes(key)) problems.push(`${where}: unknown ${what} "${key}": ${suggestion(key, names)}`);
    }
  };
  for (const reserved of ["seeds", "folds", "notes", "perTask"]) {
    if (settingNames.includes(reserved))
      problems.push(`settings.${reserved}: the name is taken by the budget; rename the setting`);
  }
  for (const [name, given] of Object.entries(options.tasks))
    problems.push(...overrideProblems(`tasks.${name}`, given, options.settings));
  for (const [name, given] of Object.entries(options.variants))
    problems.push(...overrideProblems(`variants.${name}`, given, options.settings));
  const budgets: { readonly [budget: string]: Budget<Settings> } = options.budgets ?? DEFAULT_BUDGETS;
  if (Object.keys(budgets).length === 0)
    problems.push("budgets: at least one is needed; leave the option out for none");
  if (options.defaultBudget !== undefined)
    known("defaultBudget", { [options.defaultBudget]: {} }, Object.keys(budgets), "budget");
  for (const [name, budget] of Object.entries(budgets)) {
    const common = settingsOf(budget);
    if (budget.folds !== undefined && budget.folds > (options.folds ?? 0))
      problems.push(`budgets.${name}.folds: ${budget.folds}, and the study has ${options.folds ?? "no"} folds`);
    problems.push(...overrideProblems(`budgets.${name}`, common, options.settings));
    known(`budgets.${name}.perTask`, budget.perTask ?? {}, Object.keys(options.tasks), "task");
    for (const [task, given] of Object.entries(budget.perTask ?? {}))
      problems.push(...overrideProblems(`budgets.${name}.perTask.${task}`, given, options.settings));
  }
  for (const part of ["tasks", "variants", "metrics"] as const) {
    if (Object.keys(options[part]).length === 0) problems.push(`${part}: at least one is needed`);
  }
  const metrics = Object.keys(options.metrics);
  options.anchors?.forEach((anchor, index) => {
    if (!metrics.includes(anchor.metric))
      problems.push(
        `anchors.${index}.metric: unknown metric "${anchor.metric}": ${suggestion(anchor.metric, metrics)}`,
      );
  });
  if (typeof options.seeds !== "number" && new Set(options.seeds).size !== options.seeds.length)
    problems.push("seeds: a seed is listed twice");
  return problems;
}

function headed(options: unknown, problems: readonly string[]): string {
  const name = typeof options === "object" && options !== null && "name" in options ? String(options.name) : "?";
  return `study "${name}":\n${problems.map((problem) => `  - ${problem}`).join("\n")}`;
}
