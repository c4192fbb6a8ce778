import { agreementOf, compareRuns, studyError, trialName, type PlannedTrial, type VerifiedTrial } from "@sluice/study";
import type { FolderStore } from "@sluice/runner/folder";
import { someOf } from "../commands/diff.ts";
import { plural } from "../plural.ts";
import { drawn } from "./again.ts";

/** What is compared of the first run. */
interface Chosen {
  /** Its finished trials. */
  readonly done: readonly PlannedTrial[];
  readonly choice: { readonly trials?: number; readonly draw?: number };
}

/** The trials of a run beside those of another folder. Nothing runs. */
export async function besides(
  first: FolderStore,
  second: FolderStore,
  { done, choice }: Chosen,
): Promise<{ readonly verified: readonly VerifiedTrial[]; readonly notes: readonly string[] }> {
  const { pairs, code, problems } = await compareRuns(first, second);
  const ended = new Set(["done", "failed", "diverged", "unreadable"]);
  const finished = new Set(done.map(({ id }) => id));
  const comparable = pairs.filter((pair) => finished.has(pair.first.id) && ended.has(pair.second.status));
  if (comparable.length === 0)
    throw studyError(
      `verify: ${second.place} has none of the ${plural(done.length, "finished trial")} of ${first.place}: ` +
        "no task, variant, seed and fold of the same names has ended there",
    );
  // Judged together before some are drawn, because what is statistically the same is a matter of all seeds.
  const chosen = new Set(drawn(done, choice).map(({ id }) => id));
  const verified = agreementOf(comparable).filter(({ pair }) => chosen.has(pair.first.id));
  const known = new Set(comparable.map(({ first: { id } }) => id));
  const absent = done.filter(({ id }) => !known.has(id));
  return {
    verified,
    notes: [
      `${plural(verified.length, "trial")} of ${first.place} beside those of ${second.place}. Nothing runs.`,
      ...problems,
      ...(code === null || code.length === 0 ? [] : [`Code that differs: ${someOf(code, 8)}.`]),
      ...(absent.length === 0 ? [] : [`Not finished there: ${absent.map(nameOf).join("; ")}.`]),
    ],
  };
}

const nameOf = (trial: PlannedTrial): string => `${trial.task} / ${trialName(trial)}`;
