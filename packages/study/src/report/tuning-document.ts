import type { TriedSetting } from "../tuning/tuned.ts";
import type { Settings } from "../trial.ts";
import type { Tune } from "../tuning/tune.ts";
import type { ReportModel } from "./model.ts";

/** The tuning of a sweep, in `results.json`. */
export interface TuningDocument {
  /** The metric that decides, or one by task. */
  readonly metric: Tune["metric"];
  readonly by: "random" | "grid" | "halving";
  readonly cells: readonly {
    readonly task: string;
    readonly variant: string;
    /** In a study with folds: the seed and the fold, from 0, whose settings these are. */
    readonly seed?: number;
    readonly fold?: number;
    /** The metric that decides here. */
    readonly metric: string;
    readonly decided: boolean;
    readonly chosen: TriedDocument | null;
    /** Expected best value of 1, 2, ... tried settings; `null` until all are tried, and for successive halving. */
    readonly expected: readonly number[] | null;
    /** Every tried setting, by rung. */
    readonly tried: readonly TriedDocument[];
  }[];
}

interface TriedDocument {
  readonly settings: Settings;
  readonly rung: number;
  /** The mean over the tuning seeds; `null` without one. */
  readonly value: number | null;
  readonly trials: readonly {
    readonly id: string;
    readonly seed: number;
    readonly status: string;
    readonly reason: string | null;
    readonly value: number | null;
    readonly folder: string;
  }[];
}

/** The tuning of a sweep as plain data; `null` for a run. */
export function tuningDocument({ manifest: { tuning }, tuned }: ReportModel): TuningDocument | null {
  if (tuning === undefined || tuned === null) return null;
  const { metric, by } = tuning.tune;
  const plain = ({ settings, rung, value, records }: TriedSetting, own: string): TriedDocument => ({
    settings,
    rung,
    value: value ?? null,
    trials: records.flatMap((record) => {
      if (record === undefined) return [];
      const { id, seed, status, reason, metrics, folder } = record;
      return [{ id, seed, status, reason: reason ?? null, value: metrics[own] ?? null, folder }];
    }),
  });
  return {
    metric,
    by: typeof by === "string" ? by : "halving",
    cells: tuned.map(({ task, variant, unit, metric: own, decided, chosen, expected, tried }) => ({
      task,
      variant,
      ...(unit && { seed: unit.seed, ...(unit.fold && { fold: unit.fold.index }) }),
      metric: own,
      decided,
      chosen: chosen === null ? null : plain(chosen, own),
      expected,
      tried: tried.map((one) => plain(one, own)),
    })),
  };
}
