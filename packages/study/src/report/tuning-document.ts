import type { TriedSetting } from "../tuning/tuned.ts";
import type { Settings } from "../trial.ts";
import type { ReportModel } from "./model.ts";

/** The tuning of a sweep, in `results.json`. */
export interface TuningDocument {
  readonly metric: string;
  readonly by: "random" | "grid" | "halving";
  readonly cells: readonly {
    readonly task: string;
    readonly variant: string;
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
  const plain = ({ settings, rung, value, records }: TriedSetting): TriedDocument => ({
    settings,
    rung,
    value: value ?? null,
    trials: records.flatMap((record) => {
      if (record === undefined) return [];
      const { id, seed, status, reason, metrics, folder } = record;
      return [{ id, seed, status, reason: reason ?? null, value: metrics[metric] ?? null, folder }];
    }),
  });
  return {
    metric,
    by: typeof by === "string" ? by : "halving",
    cells: tuned.map(({ task, variant, decided, chosen, expected, tried }) => ({
      task,
      variant,
      decided,
      chosen: chosen === null ? null : plain(chosen),
      expected,
      tried: tried.map(plain),
    })),
  };
}
