import { z } from "zod";
import { claimKinds, type Claim } from "./claims/claim.ts";
import { studyError } from "./error.ts";
import type { SameSetting } from "./same-setting.ts";
import { suggestion } from "./nearest.ts";
import { overrideProblems } from "./settings.ts";
import { tuneProblems } from "./tuning/check-tune.ts";
import { metricDirections, settingsOf, type Budget, type Study, type StudyOptions } from "./study.ts";
import type { Settings } from "./trial.ts";

const callable = z.custom<() => unknown>((value) => typeof value === "function", "expected a function");
const json: z.ZodType = z.json();
const settings = z.record(z.string(), json);
const count = z.int().min(1);

const metricSchema = z.strictObject({
  label: z.string().min(1),
  unit: z.string().optional(),
  better: z.enum(metricDirections),
  split: z.enum(["training", "validation", "test"]).optional(),
  chance: z.union([z.number(), z.record(z.string(), z.number())]).optional(),
  tasks: z.array(z.string()).min(1).optional(),
  summarise: z.enum(["last", "best", "tail mean"]).optional(),
  digits: z.int().min(0).max(12).optional(),
  log: z.boolean().optional(),
  curve: z.boolean().optional(),
});

const sameSetting = z.union(
  [z.boolean(), z.strictObject({ budgets: z.array(z.string()).min(1) })],
  "expected true, false, or { budgets: the names of those with the published setting }",
);

const anchorSchema = z.strictObject({
  task: z.string(),
  variant: z.string(),
  metric: z.string(),
  value: z.number(),
  spread: z.string().optional(),
  source: z.string().min(1),
  setting: z.string(),
  sameSetting,
});

const claimSchema = z.strictObject({
  text: z.string().min(1),
  kind: z.enum(claimKinds).optional(),
  sameSetting: sameSetting.optional(),
  test: callable,
});

const budgetSchema = z
  .object({
    seeds: count.optional(),
    folds: count.optional(),
    notes: z.string().optional(),
    perTask: z.record(z.string(), settings).optional(),
  })
  .catchall(json);

const tuneSchema = z.strictObject({
  over: z.record(z.string().min(1), z.record(z.string(), json)),
  by: z.union(
    [
      z.enum(["random", "grid"]),
      z.strictObject({
        halving: z.strictObject({ setting: z.string().min(1), from: count, eta: z.int().min(2).optional() }),
      }),
    ],
    'expected "random", "grid" or { halving: { setting: the one that counts steps, from: its first value, eta } }',
  ),
  trials: z
    .union([count, z.record(z.string(), z.int().min(0))], "expected a number of settings to try, or one by budget")
    .optional(),
  metric: z.union([z.string(), z.record(z.string(), z.string())], "expected the name of a metric, or one by task"),
  seeds: count.optional(),
  draw: z.int().optional(),
  optional: z.boolean().optional(),
});

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
  claims: z.array(claimSchema).optional(),
  tune: tuneSchema.optional(),
  stepLabel: z.string().optional(),
  notes: z.string().optional(),
  data: callable.optional(),
  estimate: callable.optional(),
  limit: z.number().positive().optional(),
  memory: z.number().positive().optional(),
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

const KNOWN = Object.keys(studySchema.shape);
const KNOWN_BELOW: Readonly<Record<string, readonly string[]>> = {
  "": KNOWN,
  metrics: Object.keys(metricSchema.shape),
  anchors: Object.keys(anchorSchema.shape),
  claims: Object.keys(claimSchema.shape),
  tune: Object.keys(tuneSchema.shape),
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

/** What is wrong with metrics: tasks that do not exist, and a best value where none is better. */
function metricProblems(metrics: StudyOptions<Settings>["metrics"], tasks: readonly string[]): string[] {
  return Object.entries(metrics).flatMap(([name, { better, summarise, chance, tasks: own = [] }]) => [
    ...Object.keys(typeof chance === "object" ? chance : {})
      .filter((task) => !tasks.includes(task))
      .map((task) => `metrics.${name}.chance: unknown task "${task}": ${suggestion(task, tasks)}`),
    ...own
      .filter((task) => !tasks.includes(task))
      .map((task) => `metrics.${name}.tasks: unknown task "${task}": ${suggestion(task, tasks)}`),
    ...(better === "neither" && summarise === "best"
      ? [`metrics.${name}: summarise "best" needs better: "higher" or "lower", got "neither"`]
      : []),
  ]);
}

function unknownBudgets(where: string, given: SameSetting | undefined, budgets: readonly string[]): string[] {
  return typeof given !== "object"
    ? []
    : given.budgets
        .filter((name) => !budgets.includes(name))
        .map((name) => `${where}.sameSetting: unknown budget "${name}": ${suggestion(name, budgets)}`);
}

/** A published number can be tested only in the published setting, and only published claims have one. */
function claimProblems(where: string, claim: Claim, budgets: readonly string[]): string[] {
  const { kind = "published", sameSetting: same, test } = claim;
  const problems = unknownBudgets(where, same, budgets);
  const numbers = test.design?.published === true;
  if (kind !== "published" && same !== undefined)
    problems.push(`${where}.sameSetting: only claims of kind "published" have it, and this one is "${kind}"`);
  if (kind !== "published" && numbers)
    problems.push(
      `${where}.kind: "${kind}", but its test compares with a published number, which needs the published setting (kind "published")`,
    );
  if (same === false && numbers)
    problems.push(
      `${where}.sameSetting: false, but its test compares with a published number; name the budgets that have the published setting`,
    );
  return problems;
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
  problems.push(...metricProblems(options.metrics, Object.keys(options.tasks)));
  const metrics = Object.keys(options.metrics);
  const budgetNames = Object.keys(budgets);
  options.anchors?.forEach((anchor, index) => {
    problems.push(...unknownBudgets(`anchors.${index}`, anchor.sameSetting, budgetNames));
    if (!metrics.includes(anchor.metric))
      problems.push(
        `anchors.${index}.metric: unknown metric "${anchor.metric}": ${suggestion(anchor.metric, metrics)}`,
      );
  });
  options.claims?.forEach((claim, index) => problems.push(...claimProblems(`claims.${index}`, claim, budgetNames)));
  if (options.tune !== undefined) problems.push(...tuneProblems(options.tune, { ...options, budgets }));
  if (typeof options.seeds !== "number" && new Set(options.seeds).size !== options.seeds.length)
    problems.push("seeds: a seed is listed twice");
  return problems;
}

function headed(options: unknown, problems: readonly string[]): string {
  const name = typeof options === "object" && options !== null && "name" in options ? String(options.name) : "?";
  return `study "${name}":\n${problems.map((problem) => `  - ${problem}`).join("\n")}`;
}
