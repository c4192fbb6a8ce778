import { canonicalJson } from "../json.ts";
import type { TrialRecord } from "../results.ts";
import { laidOver } from "../settings.ts";
import { expectedBest } from "../statistics/expected-best.ts";
import { mean } from "../statistics/summary.ts";
import type { Settings } from "../trial.ts";
import type { Tuning, TuningRung } from "./tuning.ts";

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

/** What is known of the tuning of one task and variant. */
export interface TunedCell {
  readonly task: string;
  readonly variant: string;
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
export interface TuningPlace {
  readonly task: string;
  readonly variant: string;
  readonly tuning: Settings;
  readonly seed: number;
}

/** The key of a tuning trial among the records. */
export const tuningKey = ({ task, variant, tuning, seed }: TuningPlace): string =>
  canonicalJson([task, variant, tuning, seed]);

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
  { better, records }: { readonly better: "higher" | "lower"; readonly records: TuningRecords },
): readonly TunedCell[] {
  const rule = { metric: tuning.tune.metric, better };
  return tuning.cells.map(({ task, variant, rungs }) => {
    const tryAt = (index: number, rung: number): TriedSetting => {
      const settings = laidOver(tuning.tried[index] ?? {}, rungs[rung]?.settings ?? {});
      const own = tuning.seeds.map((seed) => records.get(tuningKey({ task, variant, tuning: settings, seed })));
      return { index, rung, settings, records: own, value: valueOf(own, rule) };
    };
    const { tried, survivors, decided } = climbed(rungs, { count: tuning.tried.length, better, tryAt });
    const chosen = decided ? (survivors[0] ?? null) : null;
    return { task, variant, tried, decided, chosen, expected: expectedOf(tried, rungs.length, better) };
  });
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
