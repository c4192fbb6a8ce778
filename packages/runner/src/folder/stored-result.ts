import type { TrialResult } from "@sluice/study";
import type { MetricsSeal } from "./metrics.ts";

/** `result.json`: a result, with the hashes of the files on which it is based. */
export interface StoredResult extends TrialResult {
  /** The rows of `metrics.jsonl`, and the seals of the series. `null` if the trial died before it could record them. */
  readonly rests: {
    readonly metrics: MetricsSeal;
    readonly series: { readonly [name: string]: string };
    /** SHA-256 of `curves.json`; absent if there is none. */
    readonly curves?: string;
  } | null;
}
