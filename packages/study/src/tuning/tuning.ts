import { studyError } from "../error.ts";
import { trialConfig } from "../plan.ts";
import { settingAt, valueAt } from "../settings.ts";
import type { Study } from "../study.ts";
import type { Settings } from "../trial.ts";
import { triedSettings } from "./tried.ts";
import type { Tune } from "./tune.ts";

/** A sweep's tuning as plain data: everything that is decided before it starts. */
export interface Tuning {
  /** What the study declares. */
  readonly tune: Tune;
  /** The settings that are tried, in order; the same for every task and variant. */
  readonly tried: readonly Settings[];
  /** The tuning seeds. Their keys are not those of the study's seeds. */
  readonly seeds: readonly number[];
  /** Every task and variant, with its rungs. There is one rung, except in successive halving. */
  readonly cells: readonly {
    readonly task: string;
    readonly variant: string;
    readonly rungs: readonly TuningRung[];
  }[];
}

/** A round of trials in which `count` settings are tried. */
export interface TuningRung {
  readonly count: number;
  /** What is set in addition to the tried settings, such as the number of steps. */
  readonly settings: Settings;
}

/**
 * What a sweep of a study will try.
 *
 * @throws an error if the study does not say how to tune, or if successive halving would begin with all steps.
 */
export function tuningOf(study: Study, budget: string): Tuning {
  const { tune } = study;
  if (tune === undefined)
    throw studyError(
      `the study "${study.name}" does not say what a sweep tunes; add, for example, ` +
        'tune: { over: { rate: { logUniform: [1e-4, 1e-1] } }, by: "random", trials: 12, metric: "validation" }',
    );
  const tried = triedSettings(tune, budget);
  const cells = Object.keys(study.tasks).flatMap((task) =>
    Object.keys(study.variants).map((variant) => {
      const full = trialConfig(study, { task, variant, budget });
      return { task, variant, rungs: rungsOf(tune, { count: tried.length, full, where: `${task}, ${variant}` }) };
    }),
  );
  return { tune, tried, seeds: Array.from({ length: tune.seeds ?? 1 }, (_, seed) => seed), cells };
}

/** The number of tuning trials of a sweep. */
export const tuningTrialCount = ({ cells, seeds }: Tuning): number =>
  cells.reduce((sum, { rungs }) => sum + rungs.reduce((own, { count }) => own + count * seeds.length, 0), 0);

interface Start {
  readonly count: number;
  /** The settings of a trial that is reported. */
  readonly full: Settings;
  /** Task and variant, for errors. */
  readonly where: string;
}

/** Rung k tries floor(count / eta^k) settings with `from` eta^k steps. A rung of one setting would decide nothing. */
function rungsOf({ by }: Tune, { count, full, where }: Start): readonly TuningRung[] {
  if (typeof by === "string") return [{ count, settings: {} }];
  const { setting, from, eta = 3 } = by.halving;
  const path = setting.split(".");
  const most = valueAt(full, path);
  if (typeof most !== "number" || from >= most)
    throw studyError(
      `tune.by.halving: ${setting} begins with ${from}, and for ${where} it is ${JSON.stringify(most)}; expected fewer than that`,
    );
  const rungs: TuningRung[] = [];
  for (let [left, steps] = [count, from]; rungs.length === 0 || left > 1; left = Math.floor(left / eta), steps *= eta) {
    rungs.push({ count: left, settings: settingAt(path, Math.min(steps, most)) });
    if (steps >= most) break;
  }
  return rungs;
}
