import { messageOf } from "../error.ts";
import type { Json } from "../json.ts";
import { suggestion } from "../nearest.ts";
import { isSettings, overrideProblems, settingAt } from "../settings.ts";
import { settingsOf, type Budget, type StudyOptions } from "../study.ts";
import type { Settings } from "../trial.ts";
import type { Distribution } from "../variants/random-search.ts";
import { triedSettings } from "./tried.ts";
import { tunesWith, type Tune } from "./tune.ts";

type Parts = Pick<StudyOptions<Settings>, "settings" | "tasks" | "variants" | "metrics"> & {
  readonly budgets: { readonly [budget: string]: Budget<Settings> };
  readonly folds?: number | undefined;
};

/** What is wrong with how a study tunes, as far as its definition tells. */
export function tuneProblems(tune: Tune, study: Parts): string[] {
  const problems = [
    ...metricProblems(tune, study),
    ...settingProblems(tune, study),
    ...fixedSettings(tune, study),
    ...trialsProblems(tune, study),
    ...halvingProblems(tune, study),
  ];
  if (study.folds !== undefined && (tune.seeds ?? 1) > 1)
    problems.push(
      `tune.seeds: ${tune.seeds}, but the study has folds: a setting is tried with the seed of its fold, because another seed may divide the data so that tuning sees the fold's test rows; leave seeds out`,
    );
  if (problems.length > 0) return problems;
  try {
    for (const budget of Object.keys(study.budgets).filter((name) => tunesWith(tune, name)))
      triedSettings(tune, budget);
    return [];
  } catch (error) {
    return [`tune.over: ${messageOf(error)}`];
  }
}

function metricProblems({ metric }: Tune, { metrics, tasks }: Parts): string[] {
  if (typeof metric === "string") return problemsOfMetric("tune.metric", metric, metrics);
  const names = Object.keys(tasks);
  return [
    ...Object.keys(metric)
      .filter((task) => !names.includes(task))
      .map((task) => `tune.metric: unknown task "${task}": ${suggestion(task, names)}`),
    ...names
      .filter((task) => !Object.hasOwn(metric, task))
      .map((task) => `tune.metric: missing for the task "${task}"`),
    ...Object.entries(metric).flatMap(([task, name]) => problemsOfMetric(`tune.metric.${task}`, name, metrics)),
  ];
}

function problemsOfMetric(place: string, metric: string, metrics: Parts["metrics"]): string[] {
  const found = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  if (found === undefined) return [`${place}: unknown metric "${metric}": ${suggestion(metric, Object.keys(metrics))}`];
  if (found.split === "test") {
    const others = Object.keys(metrics).filter((name) => metrics[name]?.split === "validation");
    const example = others[0] === undefined ? "" : `, such as "${others[0]}"`;
    return [
      `${place}: "${metric}" is measured on the test data, which tuning must not see; use a validation metric${example}`,
    ];
  }
  return found.better === "neither"
    ? [`${place}: of "${metric}" neither higher nor lower values are better, so it cannot decide`]
    : [];
}

function settingProblems({ over }: Tune, { settings }: Parts): string[] {
  if (Object.keys(over).length === 0) return ["tune.over: at least one setting is needed"];
  return Object.entries(over).flatMap(([name, given]) => {
    const wrong = examplesOf(given).flatMap((value) =>
      overrideProblems("tune.over", settingAt(name.split("."), value), settings),
    );
    return wrong.slice(0, 1);
  });
}

/** Values of a distribution that show its type. */
function examplesOf(given: Distribution): readonly Json[] {
  if ("choice" in given) return given.choice;
  const range = "uniform" in given ? given.uniform : "logUniform" in given ? given.logUniform : given.integer;
  // What is no distribution at all is an error of `triedSettings`.
  return range ?? [];
}

/** Settings that are tuned and that a part of the study sets: tuning would silently replace them. */
function fixedSettings(tune: Tune, { tasks, variants, budgets }: Parts): string[] {
  const places = [
    ...Object.entries(tasks).map(([name, given]) => [`tasks.${name}`, given] as const),
    ...Object.entries(variants).map(([name, given]) => [`variants.${name}`, given] as const),
    ...Object.entries(budgets)
      .filter(([name]) => tunesWith(tune, name))
      .flatMap(([name, budget]) => [
        [`budgets.${name}`, settingsOf(budget)] as const,
        ...Object.entries(budget.perTask ?? {}).map(
          ([task, given]) => [`budgets.${name}.perTask.${task}`, given] as const,
        ),
      ]),
  ];
  return places.flatMap(([place, given]) =>
    Object.keys(tune.over)
      .filter((name) => sets(given, name.split(".")))
      .map((name) => `${place}.${name}: fixed here, and tune.over tunes it; leave one of them out`),
  );
}

/** Whether settings contain a value for a path of names. */
export function sets(given: { readonly [name: string]: unknown }, [name = "", ...rest]: readonly string[]): boolean {
  const value = Object.hasOwn(given, name) ? given[name] : undefined;
  if (value === undefined) return false;
  return rest.length === 0 || !isSettings(value) || sets(value, rest);
}

function trialsProblems({ by, trials, over }: Tune, { budgets }: Parts): string[] {
  if (by === "grid") {
    const ranges = Object.entries(over).flatMap(([name, given]) => ("choice" in given ? [] : [name]));
    return [
      ...(trials === undefined ? [] : ["tune.trials: a grid has as many settings as combinations; leave trials out"]),
      ...ranges.map((name) => `tune.over.${name}: a range, and a grid needs its values: { choice: [...] }`),
    ];
  }
  if (trials === undefined) return ["tune.trials: missing; give the number of settings to try per task and variant"];
  if (typeof trials === "number") return [];
  const names = Object.keys(budgets);
  return [
    ...Object.keys(trials)
      .filter((name) => !names.includes(name))
      .map((name) => `tune.trials: unknown budget "${name}": ${suggestion(name, names)}`),
    ...names
      .filter((name) => trials[name] === undefined)
      .map((name) => `tune.trials: missing for the budget "${name}"`),
  ];
}

function halvingProblems({ by, over }: Tune, { settings }: Parts): string[] {
  if (typeof by === "string") return [];
  const { setting, from } = by.halving;
  if (Object.hasOwn(over, setting)) return [`tune.by.halving.setting: "${setting}" is tuned too`];
  return overrideProblems("tune.by.halving", settingAt(setting.split("."), from), settings);
}
