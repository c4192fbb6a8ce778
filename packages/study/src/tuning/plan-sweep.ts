import { studyError } from "../error.ts";
import { identified, plan, trialConfig, type PlannedTrial } from "../plan.ts";
import type { TrialRecord } from "../results.ts";
import { runBase, runPlanOf, type RunBase, type RunPlan, type RunPlanOptions } from "../run/plan-run.ts";
import { laidOver } from "../settings.ts";
import type { Study } from "../study.ts";
import { sets } from "./check-tune.ts";
import { tunedCells, tuningKey, type TunedCell, type TuningPlace } from "./tuned.ts";
import { triesOf, tuningOf, type Tuning } from "./tuning.ts";

/** What a sweep will do next: a round of tuning trials or, once everything is tuned, the trials that are reported. */
export interface SweepPlan extends RunPlan {
  readonly tuning: Tuning;
  /** How far the tuning of every task and variant is. */
  readonly tuned: readonly TunedCell[];
  /** Whether all tuning trials have ended, so that the trials that are reported can run. */
  readonly isTuned: boolean;
  /** Plans the next round, from what the store then has. Trials of this round are not run again. */
  next(): Promise<SweepPlan>;
}

/**
 * Plans a sweep of a study that has `tune`. Its tuning trials are trials like any others: they have an identity, so
 * none runs twice, and one that was stopped resumes. When they have ended, the best setting of every task and variant
 * becomes the setting of the study's own seeds. `runSweep` runs the plan. With folds, it is the best setting of each fold
 * of each seed.
 *
 * @throws an error if the study does not say how to tune, and for a setting that is asked for and tuned.
 */
export async function planSweep(whole: Study, options: RunPlanOptions): Promise<SweepPlan> {
  const names = Object.keys(whole.tune?.over ?? {});
  const asked = names.find((name) => sets(options.asked?.settings ?? {}, name.split(".")));
  if (asked !== undefined)
    throw studyError(`${asked} is given, but the sweep tunes it (tune.over); leave it out, or run without tuning`);
  const base = await runBase(whole, options);
  const { seeds } = options;
  const tuning = tuningOf(base.study, { budget: base.budget, ...(seeds === undefined ? {} : { seeds }) });
  return round(base, tuning, new Set());
}

/** One round: the trials that are known so far, and those of them that are left. */
async function round(base: RunBase, tuning: Tuning, ran: ReadonlySet<string>): Promise<SweepPlan> {
  const { trials, tuned } = await tuningTrials(base, tuning);
  const tries = await runPlanOf(base, { planned: trials, ran, tuning });
  // With `retry`, decided tuning trials may run again, and another setting may be the best then.
  const isTuned = tries.pending.length === 0 && tuned.every(({ decided }) => decided);
  const run = isTuned
    ? await runPlanOf(base, { planned: [...trials, ...finalTrials(base, tuning, tuned)], ran, tuning })
    : tries;
  return {
    ...run,
    tuning,
    tuned,
    isTuned,
    next: () => round(base, tuning, new Set([...ran, ...run.pending.map(({ id }) => id)])),
  };
}

/** The tuning trials of all rungs that are reached, and what they decide. */
async function tuningTrials(
  base: RunBase,
  tuning: Tuning,
): Promise<{ readonly trials: readonly PlannedTrial[]; readonly tuned: readonly TunedCell[] }> {
  const { metrics } = base.study;
  const trials = new Map<string, PlannedTrial>();
  const records = new Map<string, TrialRecord>();
  for (;;) {
    const tuned = tunedCells(tuning, { metrics, records });
    const missing = tuned.flatMap((cell) => placesOf(cell, tuning)).filter((place) => !records.has(tuningKey(place)));
    if (missing.length === 0) return { trials: [...trials.values()], tuned };
    for (const place of missing) {
      const trial = tuningTrial(base, place);
      trials.set(trial.id, trial);
      records.set(tuningKey(place), await base.options.store.readTrial(trial));
    }
  }
}

function placesOf(cell: TunedCell, tuning: Tuning): readonly TuningPlace[] {
  const { task, variant, tried } = cell;
  return tried.flatMap(({ settings }) =>
    triesOf(tuning, cell).map((unit) => ({ task, variant, tuning: settings, ...unit })),
  );
}

function tuningTrial(
  { study, budget, code, data }: RunBase,
  { task, variant, tuning, ...unit }: TuningPlace,
): PlannedTrial {
  const config = laidOver(trialConfig(study, { task, variant, budget }), tuning);
  return identified({ study: study.name, task, variant, ...unit, tuning, config, code: code.hash, data });
}

/** The trials of the study, with the chosen settings but all their steps; none where no setting has a value. */
function finalTrials(
  { study, budget, code, data, options }: RunBase,
  { tried }: Tuning,
  tuned: readonly TunedCell[],
): PlannedTrial[] {
  const { seeds } = options;
  return plan(study, { budget, code: code.hash, data, ...(seeds === undefined ? {} : { seeds }) }).flatMap((trial) => {
    const chosen = tuned.find((cell) => tunes(cell, trial))?.chosen;
    if (chosen === undefined || chosen === null) return [];
    return [identified({ ...trial, config: laidOver(trial.config, tried[chosen.index] ?? {}) })];
  });
}

/** Whether a trial that is reported takes its settings from here. */
const tunes = ({ task, variant, unit }: TunedCell, trial: PlannedTrial): boolean =>
  task === trial.task &&
  variant === trial.variant &&
  (unit === undefined || (unit.seed === trial.seed && unit.fold?.index === trial.fold?.index));
