import type { Curves, Environment, StoredSeries, TrialIdentity } from "@sluice/study";
import type { StoredResult } from "../folder/stored-result.ts";

/** A line of `trials.jsonl`: a finished trial without its rows, files and log. */
export interface ArchivedTrial {
  readonly identity: TrialIdentity & { readonly id: string };
  /** The name that its folder has in `trials/`. */
  readonly folder: string;
  /** How it ended, with the hashes of its rows and files. */
  readonly result: StoredResult;
  /** The line itself. */
  readonly text: string;
  /** Its reduced curves. */
  curves(): Curves;
  /** Its series, as the trial wrote them. */
  series(): readonly StoredSeries[];
  /** Where it started; `null` if that is not known. */
  environment(): Environment | null;
}
