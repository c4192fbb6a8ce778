import type { Json } from "./json.ts";
import { suggestion } from "./nearest.ts";
import type { Overrides } from "./study.ts";
import type { Settings } from "./trial.ts";

/**
 * Settings overridden by others. Objects are merged member by member, at any depth; lists and plain values are
 * replaced.
 */
export function laidOver(below: Settings, above: Overrides<Settings>): Settings {
  const joined: { [name: string]: Json } = { ...below };
  for (const [name, value] of Object.entries(above)) {
    if (value === undefined) continue;
    const under = joined[name];
    joined[name] = isOverrides(value) ? laidOver(isSettings(under) ? under : {}, value) : value;
  }
  return joined;
}

/** The settings with one value, at a path of names: `["optimizer", "rate"]` is `{ optimizer: { rate } }`. */
export const settingAt = (path: readonly string[], value: Json): Settings =>
  path.reduceRight<Settings>((below, name, index) => ({ [name]: index === path.length - 1 ? value : below }), {});

/** The value at a path of names; `undefined` if there is none. */
export const valueAt = (settings: Settings, path: readonly string[]): Json | undefined =>
  path.reduce<Json | undefined>(
    (below, name) => (isSettings(below) && Object.hasOwn(below, name) ? below[name] : undefined),
    settings,
  );

/**
 * Problems with settings that override the defaults: names that no default has, at any depth, and values of another
 * type than the default's. A default of `null` accepts any value, `null` may replace any value, and an empty object as
 * a default accepts any members.
 */
export function overrideProblems(
  where: string,
  given: { readonly [name: string]: unknown },
  defaults: Settings,
): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    const usual = Object.hasOwn(defaults, name) ? defaults[name] : undefined;
    if (usual === undefined) return [`${where}: unknown setting "${name}": ${suggestion(name, Object.keys(defaults))}`];
    if (value === undefined || value === null || usual === null) return [];
    if (kindOf(value) !== kindOf(usual))
      return [
        `${where}.${name}: ${JSON.stringify(value)} is ${kindOf(value)}, expected ${kindOf(usual)} as in settings`,
      ];
    if (!isSettings(usual) || !isSettings(value) || Object.keys(usual).length === 0) return [];
    return overrideProblems(`${where}.${name}`, value, usual);
  });
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function isOverrides(value: unknown): value is Overrides<Settings> {
  return isSettings(value);
}

/** Whether a setting is an object of settings, not a list or a plain value. */
export function isSettings(value: unknown): value is Settings {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `hidden=128 optimizer.rate=0.0003`, in the order of names. */
export function settingsText(settings: Settings, within = ""): string {
  return Object.entries(settings)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) =>
      isSettings(value) && Object.keys(value).length > 0
        ? settingsText(value, `${within}${name}.`)
        : `${within}${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    )
    .join(" ");
}
