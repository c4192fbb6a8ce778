import { canonicalJson, type Json } from "../json.ts";
import type { Manifest } from "../manifest.ts";
import { suggestion } from "../nearest.ts";
import type { PlannedTrial } from "../plan.ts";
import { isSettings, overrideProblems, valueAt } from "../settings.ts";
import type { Settings } from "../trial.ts";
import type { GivenTrial } from "./given-trial.ts";

/** What is wrong with a trial that ran elsewhere. */
export interface GivenProblem {
  /** The part of the trial. */
  readonly part: "task" | "variant" | "fold" | "settings" | "metrics";
  /** Which setting (`optimizer.rate`) or metric. */
  readonly name?: string;
  readonly what: string;
}

/**
 * Checks a trial that ran elsewhere against the run that it shall belong to. Task and metrics must be those of the run.
 * If the variant is one of the run's, settings must have the values that it has there; of a new variant they must have
 * the same types. Settings that the run does not have may be given: they are kept.
 */
export function checkGiven(
  manifest: Manifest,
  { task, variant, fold, config, metrics }: Pick<GivenTrial, "task" | "variant" | "fold" | "config" | "metrics">,
): readonly GivenProblem[] {
  const problems: GivenProblem[] = [];
  if (!manifest.tasks.includes(task))
    problems.push({ part: "task", what: `the run has no task "${task}"; ${suggestion(task, manifest.tasks)}` });
  const problem = foldProblem(manifest.trials[0], fold);
  if (problem !== null) problems.push({ part: "fold", what: problem });
  for (const name of Object.keys(metrics))
    if (!Object.hasOwn(manifest.metrics, name))
      problems.push({
        part: "metrics",
        name,
        what: `the run has no metric "${name}"; ${suggestion(name, Object.keys(manifest.metrics))}`,
      });
  const own = manifest.trials.find((trial) => trial.task === task && trial.variant === variant);
  const like = own ?? manifest.trials.find((trial) => trial.task === task) ?? manifest.trials[0];
  if (like !== undefined) problems.push(...settingProblems(config, like, own === undefined ? null : variant));
  return problems;
}

/** The names of the run's settings, such as `optimizer.rate`, each with the value that one of its trials has. */
export function usualSettings(manifest: Manifest): ReadonlyMap<string, Json> {
  return new Map(
    manifest.trials
      .toReversed()
      .flatMap(({ config }) => pathsOf(config).map(({ path, value }): [string, Json] => [path.join("."), value])),
  );
}

/** The settings that the run does not have, by their full names. */
export function strangeSettings(manifest: Manifest, config: Settings): readonly string[] {
  const [first] = manifest.trials;
  return pathsOf(config)
    .filter(({ path }) => first === undefined || valueAt(first.config, path) === undefined)
    .map(({ path }) => path.join("."));
}

function foldProblem(planned: PlannedTrial | undefined, fold: GivenTrial["fold"]): string | null {
  const of = planned?.fold?.of;
  if (of === undefined) return fold === undefined ? null : `fold ${fold.index + 1} given, and the run has no folds`;
  if (fold === undefined) return `no fold given, and the run has ${of}`;
  return fold.of === of && fold.index >= 0 && fold.index < of
    ? null
    : `fold ${fold.index + 1} given, expected 1 to ${of}`;
}

function settingProblems(config: Settings, like: PlannedTrial, variant: string | null): GivenProblem[] {
  return pathsOf(config).flatMap(({ path, value }): GivenProblem[] => {
    const usual = valueAt(like.config, path);
    if (usual === undefined) return [];
    const name = path.join(".");
    const [mistyped] = overrideProblems("", { value }, { value: usual });
    if (mistyped !== undefined)
      return [{ part: "settings", name, what: mistyped.replace(/^\.value: /, "").replace(" as in settings", "") }];
    if (variant === null || canonicalJson([value]) === canonicalJson([usual])) return [];
    const what =
      `${JSON.stringify(value)}, but the variant "${variant}" of the run has ${JSON.stringify(usual)}. ` +
      "Import it as a variant of another name, or leave the setting out if it means something else";
    return [{ part: "settings", name, what }];
  });
}

function pathsOf(settings: Settings, within: readonly string[] = []): { path: readonly string[]; value: Json }[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    const path = [...within, name];
    return isSettings(value) && Object.keys(value).length > 0 ? pathsOf(value, path) : [{ path, value }];
  });
}
