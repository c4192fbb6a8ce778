import { differenceCount, differencesText, identityDifferences } from "../compare/identity.ts";
import type { PlannedTrial, TrialIdentity } from "../plan.ts";
import type { TrialStatus } from "../results.ts";
import type { RunPlan } from "./plan-run.ts";

/** What a run will do with one of its trials, and why. */
export interface CachedTrial {
  readonly trial: PlannedTrial;
  readonly status: TrialStatus;
  /** Whether the run starts or resumes it. */
  readonly runs: boolean;
  /** In words: why it runs, or why it does not. */
  readonly why: string;
}

/** For each trial of a run: whether the store has its result already and, if not, what the store has instead. */
export async function cachedTrials({ store, trials, records, pending }: RunPlan): Promise<readonly CachedTrial[]> {
  const { identities } = await store.identities();
  const left = new Set(pending.map(({ id }) => id));
  return trials.map((trial, index) => {
    const { status, reason } = records[index] ?? { status: "waiting" as const };
    const runs = left.has(trial.id);
    if (status === "done") return { trial, status, runs, why: "done with these settings, code and data" };
    if (status === "waiting") return { trial, status, runs, why: whyNew(trial, identities) };
    const then = runs ? (status === "interrupted" ? "resumes" : "runs again") : "not run without --retry";
    return { trial, status, runs, why: `${then}: ${reason?.split("\n")[0] ?? status}` };
  });
}

/** What differs from the stored trial of the same task, variant, seed and fold that is most like it. */
function whyNew(trial: PlannedTrial, stored: readonly TrialIdentity[]): string {
  const candidates = stored
    .filter(({ task, variant, seed }) => task === trial.task && variant === trial.variant && seed === trial.seed)
    .map((identity) => identityDifferences(identity, trial))
    .filter(({ place }) => place.length === 0)
    .toSorted((a, b) => differenceCount(a) - differenceCount(b));
  const [nearest] = candidates;
  return nearest === undefined ? "not run yet" : `run before, but: ${differencesText(nearest)}`;
}
