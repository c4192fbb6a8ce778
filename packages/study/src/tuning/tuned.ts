import { studyError } from "../error.ts";
import { canonicalJson } from "../json.ts";
import type { TrialRecord } from "../results.ts";
import { laidOver } from "../settings.ts";
import { expectedBest } from "../statistics/expected-best.ts";
import { mean } from "../statistics/summary.ts";
import type { TrialUnit } from "../plan.ts";
import type { Metric } from "../study.ts";
import type { Settings } from "../trial.ts";
import { decidingMetric } from "./tune.ts";
import { triesOf, type Tuning, type TuningCell, type TuningRung } from "./tuning.ts";

/** A setting that a sweep tries on a rung, with its trials. */
export interface TriedSetting {
  /** Its place among the tried settings, from 0. */
  readonly index: number;
  /** From 0. */
  readonly rung: number;
  /** With what the rung sets. */
  readonly settings: Settings;
  /** By tuning seed; `undefined` for a trial that is not planned yet. */
  readonly records: readonly (TrialRecord | undefined)[];
  /**
   * The mean of the metric over the tuning seeds. `null` if a trial failed, diverged or has no value: such a setting
   * counts as the worst. `undefined` until all its trials have ended.
   */
  readonly value: number | null | undefined;
}

/** What is known of the tuning of one task and variant or, in a study with folds, of one of its folds. */
export interface TunedCell extends Pick<TuningCell, "task" | "variant" | "unit"> {
  /** The metric that decides. */
  readonly metric: string;
  /** By rung and place. Rungs that are not reached yet are absent. */
  readonly tried: readonly TriedSetting[];
  /** Whether a setting can be chosen, or it is certain that none can. */
  readonly decided: boolean;
  /** `null` if nothing is decided, or if no setting has a value. */
  readonly chosen: TriedSetting | null;
  /**
   * The expected best value of 1, 2, ... tried settings ({@link expectedBest}); one without a value counts as the worst
   * value. `null` until all are tried, and after successive halving, whose settings are tried with different numbers
   * of steps.
   */
  readonly expected: readonly number[] | null;
}

/** A tuning trial's place in a sweep. */
export interface TuningPlace extends TrialUnit {
  readonly task: string;
  readonly variant: string;
  readonly tuning: Settings;
}

/** The key of a tuning trial among the records. */
export const tuningKey = ({ task, variant, tuning, seed, fold }: TuningPlace): string =>
  canonicalJson([task, variant, tuning, seed, fold?.index ?? null]);

/** Records of tuning trials, by {@link tuningKey}. */
export type TuningRecords = ReadonlyMap<string, TrialRecord>;

/** What is decided about the metric of a sweep. */
interface Rule {
  readonly metric: string;
  readonly better: "higher" | "lower";
}

/**
 * How far the tuning of every task and variant is, and what it chose. It depends only on how the trials ended, never on
 * when: a rung is decided once all its trials have ended, and among equal settings the first one wins.
 */
export function tunedCells(
  tuning: Tuning,
  { metrics, records }: { readonly metrics: { readonly [name: string]: Metric }; readonly records: TuningRecords },
): readonly TunedCell[] {
  return tuning.cells.map((cell) => {
    const { task, variant, unit, rungs } = cell;
    const rule = ruleOf(tuning, task, metrics);
    const tryAt = (index: number, rung: number): TriedSetting => {
      const settings = laidOver(tuning.tried[index] ?? {}, rungs[rung]?.settings ?? {});
      const own = triesOf(tuning, cell).map((tried) =>
        records.get(tuningKey({ task, variant, tuning: settings, ...tried })),
      );
      return { index, rung, settings, records: own, value: valueOf(own, rule) };
    };
    const { tried, survivors, decided } = climbed(rungs, { count: tuning.tried.length, better: rule.better, tryAt });
    const chosen = decided ? (survivors[0] ?? null) : null;
    const expected = expectedOf(tried, rungs.length, rule.better);
    return { task, variant, ...(unit && { unit }), metric: rule.metric, tried, decided, chosen, expected };
  });
}

function ruleOf({ tune }: Tuning, task: string, metrics: { readonly [name: string]: Metric }): Rule {
  const metric = decidingMetric(tune, task);
  const better = metrics[metric]?.better;
  if (better === undefined || better === "neither") throw studyError(`tune.metric: "${metric}" cannot decide`);
  return { metric, better };
}

interface Climbed {
  readonly tried: readonly TriedSetting[];
  /** The settings of the last decided rung that have a value, the best first. */
  readonly survivors: readonly TriedSetting[];
  readonly decided: boolean;
}

/** Goes from rung to rung as far as all trials have ended. */
function climbed(
  rungs: readonly TuningRung[],
  {
    count,
    better,
    tryAt,
  }: Pick<Rule, "better"> & { readonly count: number; tryAt(index: number, rung: number): TriedSetting },
): Climbed {
  const tried: TriedSetting[] = [];
  let survivors: readonly TriedSetting[] = [];
  let going: readonly number[] = Array.from({ length: count }, (_, index) => index);
  for (const rung of rungs.keys()) {
    const own = going.map((index) => tryAt(index, rung));
    tried.push(...own);
    if (own.some(({ value }) => value === undefined)) return { tried, survivors, decided: false };
    survivors = ranked(own, better);
    const next = rungs[rung + 1];
    // A setting that is left alone has won.
    if (next === undefined || survivors.length < 2) break;
    going = survivors
      .slice(0, next.count)
      .map(({ index }) => index)
      .toSorted((a, b) => a - b);
  }
  return { tried, survivors, decided: true };
}

/** Those with a value, the best first; among equal ones the earlier. */
function ranked(tried: readonly TriedSetting[], better: Rule["better"]): readonly TriedSetting[] {
  const sign = better === "higher" ? -1 : 1;
  return tried
    .flatMap((one) => (typeof one.value === "number" ? [{ one, value: one.value }] : []))
    .toSorted((a, b) => sign * (a.value - b.value) || a.one.index - b.one.index)
    .map(({ one }) => one);
}

function valueOf(records: readonly (TrialRecord | undefined)[], { metric }: Rule): number | null | undefined {
  const ended = records.every((record) => record !== undefined && ENDED.has(record.status));
  if (!ended) return undefined;
  const values = records.flatMap((record) => (record?.status === "done" ? (record.metrics[metric] ?? []) : []));
  return values.length < records.length ? null : mean(values);
}

/** An unreadable result has not ended: whether it was the best is not known. */
const ENDED: ReadonlySet<string> = new Set<TrialRecord["status"]>(["done", "failed", "diverged"]);

function expectedOf(tried: readonly TriedSetting[], rungs: number, better: Rule["better"]): readonly number[] | null {
  if (rungs > 1 || tried.some(({ value }) => value === undefined)) return null;
  const found = tried.flatMap(({ value }) => value ?? []);
  if (found.length === 0) return null;
  const worst = found.reduce((a, b) => (better === "higher" ? Math.min(a, b) : Math.max(a, b)));
  return expectedBest(
    tried.map(({ value }) => value ?? worst),
    { better },
  );
}
