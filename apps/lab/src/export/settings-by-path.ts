import type { Json, Settings } from "@sluice/study";
import type { TableValue } from "./table.ts";

/** Settings by their full names, such as `optimizer.rate`. Lists are JSON. */
export function settingsByPath(settings: Settings, within = ""): [string, TableValue][] {
  return Object.entries(settings).flatMap(([name, value]: [string, Json]): [string, TableValue][] => {
    const own = `${within}${name}`;
    if (typeof value !== "object" || value === null) return [[own, value]];
    return isSettings(value) ? settingsByPath(value, `${own}.`) : [[own, JSON.stringify(value)]];
  });
}

const isSettings = (value: Json): value is Settings =>
  typeof value === "object" && value !== null && !Array.isArray(value);
