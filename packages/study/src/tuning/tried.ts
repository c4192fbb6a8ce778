import { studyError } from "../error.ts";
import type { Json } from "../json.ts";
import { laidOver, settingAt } from "../settings.ts";
import type { Settings } from "../trial.ts";
import { grid } from "../variants/grid.ts";
import { randomSearch } from "../variants/random-search.ts";
import type { Tune } from "./tune.ts";

/** The settings that a sweep tries, in order; the same for every task and variant. */
export function triedSettings(tune: Tune, budget: string): readonly Settings[] {
  const points =
    tune.by === "grid"
      ? grid(gridAxes(tune))
      : randomSearch(tune.over, { draws: drawsOf(tune, budget), seed: tune.draw ?? 0 });
  return Object.values(points).map(nested);
}

/** Lists of values by setting. */
function gridAxes({ over }: Tune): { [setting: string]: readonly Json[] } {
  return Object.fromEntries(
    Object.entries(over).map(([setting, given]) => {
      if ("choice" in given) return [setting, given.choice];
      throw studyError(`tune.over.${setting}: a range, and a grid needs its values: { choice: [...] }`);
    }),
  );
}

function drawsOf({ trials }: Tune, budget: string): number {
  const draws = typeof trials === "number" ? trials : trials?.[budget];
  if (draws === undefined)
    throw studyError(`tune.trials: missing for the budget "${budget}"; give the number of settings to try`);
  if (draws === 0)
    throw studyError(`tune.trials: nothing is tuned with the budget "${budget}", whose settings are fixed`);
  return draws;
}

/** From names with dots to settings. */
const nested = (point: { readonly [name: string]: Json }): Settings =>
  Object.entries(point).reduce<Settings>(
    (below, [name, value]) => laidOver(below, settingAt(name.split("."), value)),
    {},
  );
