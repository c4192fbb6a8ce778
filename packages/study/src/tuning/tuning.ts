import { studyError } from "../error.ts";
import { budgetOf, trialConfig, unitsOf, type PlanOptions, type TrialUnit } from "../plan.ts";
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
  /**
   * The tuning seeds. Their keys are not those of the study's seeds. Empty in a study with folds, where each cell has
   * the seed of its own fold.
   */
  readonly seeds: readonly number[];
  readonly cells: readonly TuningCell[];
}

/** What is tuned apart: a task and variant and, in a study with folds, a fold of a seed. */
export interface TuningCell {
  readonly task: string;
  readonly variant: string;
  readonly unit?: TrialUnit;
  /** One, except in successive halving. */
  readonly rungs: readonly TuningRung[];
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
 * With folds, every fold of every seed that is run is tuned on its own, so that its test rows decide nothing (nested
 * cross-validation).
 *
 * @throws an error if the study does not say how to tune, or if successive halving would begin with all steps.
 */
export function tuningOf(study: Study, options: Pick<PlanOptions, "budget" | "seeds"> = {}): Tuning {
  const { tune } = study;
  const { name: budget } = budgetOf(study, options.budget);
  if (tune === undefined)
    throw studyError(
      `the study "${study.name}" does not say what a sweep tunes; add, for example, ` +
        'tune: { over: { rate: { logUniform: [1e-4, 1e-1] } }, by: "random", trials: 12, metric: "validation" }',
    );
  const tried = triedSettings(tune, budget);
  const units = study.folds === undefined ? [{}] : unitsOf(study, options).map((unit) => ({ unit }));
  const cells = Object.keys(study.tasks).flatMap((task) =>
    units.flatMap((unit) =>
      Object.keys(study.variants).map((variant) => {
        const full = trialConfig(study, { task, variant, budget });
        const rungs = rungsOf(tune, { count: tried.length, full, where: `${task}, ${variant}` });
        return { task, variant, ...unit, rungs };
      }),
    ),
  );
  const seeds = study.folds === undefined ? (tune.seeds ?? 1) : 0;
  return { tune, tried, seeds: Array.from({ length: seeds }, (_, seed) => seed), cells };
}

/** The seeds, with the fold if there is one, with which every setting of a cell is tried. */
export const triesOf = ({ seeds }: Pick<Tuning, "seeds">, { unit }: Pick<TuningCell, "unit">): readonly TrialUnit[] =>
  unit === undefined ? seeds.map((seed) => ({ seed })) : [unit];

/** The number of tuning trials of a sweep. */
export const tuningTrialCount = (tuning: Tuning): number =>
  tuning.cells.reduce(
    (sum, cell) => sum + cell.rungs.reduce((own, { count }) => own + count * triesOf(tuning, cell).length, 0),
    0,
  );

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
