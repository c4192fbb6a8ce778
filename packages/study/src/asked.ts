import { studyError } from "./error.ts";
import { canonicalJson, type Json } from "./json.ts";
import { suggestion } from "./nearest.ts";
import { trialConfig } from "./plan.ts";
import { laidOver, overrideProblems, settingAt, settingsText } from "./settings.ts";
import { sameSettingAmong } from "./same-setting.ts";
import type { Study } from "./study.ts";
import type { Settings } from "./trial.ts";

/** What a run asks of a study: a part of it, or other settings. */
export interface Asked {
  /** Settings that replace those of the study, its tasks, variants and budgets. They are part of a trial's identity. */
  readonly settings?: Settings;
  /** The tasks to run; default: all. */
  readonly tasks?: readonly string[];
  /** The variants to run; default: all. */
  readonly variants?: readonly string[];
}

/**
 * The study with these tasks, variants and settings only. Its claims are kept: one that needs what was left out is
 * undecided. With other settings it no longer measures what was published: its anchors say so, and its claims are
 * orderings.
 *
 * @throws an error for a name or a setting that the study does not have, a value of another type, and settings that
 *   make two variants the same.
 */
export function studyWith(study: Study, { settings = {}, tasks, variants }: Asked): Study {
  const problems = [
    ...overrideProblems("settings", settings, study.settings),
    ...unknownNames("task", tasks, Object.keys(study.tasks)),
    ...unknownNames("variant", variants, Object.keys(study.variants)),
  ];
  if (problems.length > 0) throw studyError(`the study "${study.name}" cannot be run so: ${problems.join("; ")}`);
  const narrowed = { ...study, tasks: part(study.tasks, tasks), variants: part(study.variants, variants) };
  if (Object.keys(settings).length === 0) return narrowed;
  const changed = { ...narrowed, budgets: budgetsWith(narrowed, settings) };
  refuseTwins(narrowed, changed, settings);
  const kept = Object.keys(study.budgets).filter((budget) => hasSameTrials(narrowed, changed, budget));
  const { anchors, claims } = study;
  return {
    ...changed,
    anchors: anchors.map((anchor) => ({ ...anchor, sameSetting: sameSettingAmong(anchor.sameSetting, kept) })),
    claims: claims.map((claim) => ({ ...claim, sameSetting: sameSettingAmong(claim.sameSetting ?? true, kept) })),
  };
}

/**
 * The setting that `name=value` gives; dots name members: `optimizer.rate=3e-4`. A value is JSON, or else a text:
 * `hidden=128`, `bidirectional=true`, `sizes=[1,2]`, `cell=gru`.
 *
 * @throws an error if there is no `=`.
 */
export function settingOf(text: string): Settings {
  const at = text.indexOf("=");
  if (at < 1)
    throw studyError(`"${text}" is no setting; expected name=value, such as hidden=128 or optimizer.rate=3e-4`);
  return settingAt(text.slice(0, at).split("."), valueOf(text.slice(at + 1)));
}

/** Several settings together; a later one replaces an earlier one. */
export const settingsOfTexts = (texts: readonly string[]): Settings =>
  texts.map(settingOf).reduce<Settings>((below, above) => laidOver(below, above), {});

function valueOf(text: string): Json {
  try {
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}

function unknownNames(what: string, given: readonly string[] | undefined, known: readonly string[]): string[] {
  if (given?.length === 0) return [`no ${what} is left`];
  return (given ?? [])
    .filter((name) => !known.includes(name))
    .map((name) => `unknown ${what} "${name}": ${suggestion(name, known)}`);
}

/** In the order of the study. */
function part<T>(all: { readonly [name: string]: T }, names: readonly string[] | undefined): { [name: string]: T } {
  return Object.fromEntries(Object.entries(all).filter(([name]) => names === undefined || names.includes(name)));
}

/** Budgets come last but for their own parts for a task, so settings that replace all others stand in both. */
function budgetsWith(study: Study, settings: Settings): Study["budgets"] {
  return Object.fromEntries(
    Object.entries(study.budgets).map(([name, budget]) => {
      const perTask = Object.entries(budget.perTask ?? {}).map(([task, given]) => [task, over(given, settings)]);
      return [name, { ...over(budget, settings), ...(perTask.length > 0 && { perTask: Object.fromEntries(perTask) }) }];
    }),
  );
}

/** `laidOver` for what may leave settings out. */
function over<T extends object>(given: T, settings: Settings): T & Settings {
  const below: { [name: string]: Json } = {};
  for (const [name, value] of Object.entries(given)) if (value !== undefined) below[name] = value;
  return { ...given, ...laidOver(below, settings) };
}

/** Whether the settings changed nothing in a budget, such as `hidden=64` where it is 64 anyway. */
function hasSameTrials(before: Study, after: Study, budget: string): boolean {
  const configs = (study: Study): string =>
    canonicalJson(
      Object.keys(study.tasks).map((task) =>
        Object.keys(study.variants).map((variant) => trialConfig(study, { task, variant, budget })),
      ),
    );
  return configs(before) === configs(after);
}

/** An error if variants that differed have the same settings now: they would be the same trials under two names. */
function refuseTwins(before: Study, after: Study, settings: Settings): void {
  const configOf = (study: Study, task: string, variant: string): string =>
    canonicalJson(trialConfig(study, { task, variant }));
  const variants = Object.keys(after.variants);
  for (const task of Object.keys(after.tasks))
    for (const [index, first] of variants.entries()) {
      const twin = variants
        .slice(index + 1)
        .find(
          (second) =>
            configOf(after, task, first) === configOf(after, task, second) &&
            configOf(before, task, first) !== configOf(before, task, second),
        );
      if (twin !== undefined)
        throw studyError(
          `the study "${after.name}" cannot be run so: with ${settingsText(settings)} the variants "${first}" and ` +
            `"${twin}" are the same; name one of them (--variant "${first}")`,
        );
    }
}
