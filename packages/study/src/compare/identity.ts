import { canonicalJson, type Json } from "../json.ts";
import type { TrialIdentity } from "../plan.ts";
import { isSettings, settingsText } from "../settings.ts";
import type { Settings } from "../trial.ts";

/** A setting that two trials do not share. `undefined` where one of them does not have it. */
export interface SettingDifference {
  /** Names joined by dots, such as `optimizer.rate`. */
  readonly name: string;
  readonly first: Json | undefined;
  readonly second: Json | undefined;
}

/** In what two trials differ, of all that their results depend on. */
export interface IdentityDifferences {
  /** Of study, task, variant, seed, fold and, for a tuning trial, what it tries: those that differ. */
  readonly place: readonly SettingDifference[];
  readonly settings: readonly SettingDifference[];
  /** Whether they ran different code. */
  readonly code: boolean;
  /** Names of the data sets that differ, or that one of them does not read. */
  readonly data: readonly string[];
  /** Whether one of them was imported, or both with other content. Code and data of an imported trial are not known. */
  readonly imported: boolean;
}

/** What may explain that two trials have different results. */
export function identityDifferences(first: TrialIdentity, second: TrialIdentity): IdentityDifferences {
  const placeOf = ({ study, task, variant, seed, fold, tuning }: TrialIdentity): Settings => ({
    study,
    task,
    variant,
    seed,
    ...(fold !== undefined && { fold: fold.index + 1, folds: fold.of }),
    ...(tuning !== undefined && { tuning: settingsText(tuning) }),
  });
  const unknown = first.imported !== undefined || second.imported !== undefined;
  const sets = new Set([...Object.keys(first.data), ...Object.keys(second.data)]);
  return {
    place: settingDifferences(placeOf(first), placeOf(second)),
    settings: settingDifferences(first.config, second.config),
    code: !unknown && first.code !== second.code,
    data: unknown ? [] : [...sets].filter((name) => first.data[name] !== second.data[name]).toSorted(),
    imported: first.imported?.sha256 !== second.imported?.sha256,
  };
}

/** The settings that differ, by their full names, in the order of names. */
export function settingDifferences(first: Settings, second: Settings): readonly SettingDifference[] {
  const [a, b] = [flattened(first), flattened(second)];
  return [...new Set([...a.keys(), ...b.keys()])]
    .toSorted()
    .map((name) => ({ name, first: a.get(name), second: b.get(name) }))
    .filter((pair) => canonicalJson([pair.first ?? null]) !== canonicalJson([pair.second ?? null]) || isGone(pair));
}

/** `null` is a value, and differs from none. */
const isGone = ({ first, second }: SettingDifference): boolean => (first === undefined) !== (second === undefined);

function flattened(settings: Settings, within = ""): Map<string, Json> {
  const found = new Map<string, Json>();
  for (const [name, value] of Object.entries(settings)) {
    const below = isSettings(value) ? flattened(value, `${within}${name}.`) : new Map<string, Json>();
    if (below.size === 0) found.set(`${within}${name}`, value);
    for (const [path, inner] of below) found.set(path, inner);
  }
  return found;
}

/** How many differences there are: with code and each set of data as one. */
export const differenceCount = ({ place, settings, code, data, imported }: IdentityDifferences): number =>
  place.length + settings.length + (code ? 1 : 0) + data.length + (imported ? 1 : 0);

/** In words: "hidden 64 → 128, other code, other data: digits"; "" for none. */
export function differencesText({ place, settings, code, data, imported }: IdentityDifferences): string {
  const value = (of: Json | undefined): string =>
    of === undefined ? "none" : typeof of === "string" ? of : JSON.stringify(of);
  return [
    ...[...place, ...settings].map(({ name, first, second }) => `${name} ${value(first)} → ${value(second)}`),
    ...(imported ? ["imported"] : []),
    ...(code ? ["other code"] : []),
    ...(data.length > 0 ? [`other data: ${data.join(", ")}`] : []),
  ].join(", ");
}
