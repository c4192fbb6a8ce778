import type { PlannedTrial, Settings } from "@sluice/study";

/** The settings that a tuning trial tries, as texts by their names with dots; nothing for other trials. */
export function triedOf(trial: Pick<PlannedTrial, "tuning"> | undefined): { readonly [setting: string]: string } {
  return Object.fromEntries(textsIn(trial?.tuning ?? {}, ""));
}

const textsIn = (settings: Settings, before: string): readonly (readonly [name: string, text: string])[] =>
  Object.entries(settings).flatMap(([name, value]) =>
    isObject(value)
      ? textsIn(value, `${before}${name}.`)
      : [[`${before}${name}`, typeof value === "string" ? value : JSON.stringify(value)] as const],
  );

const isObject = (value: unknown): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);
