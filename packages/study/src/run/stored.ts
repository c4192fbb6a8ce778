import type { ImportedTrial } from "../import/imported.ts";
import { canonicalJson } from "../json.ts";
import { identified, type PlannedTrial, type TrialIdentity } from "../plan.ts";
import type { Store } from "./store.ts";

/** The trials of a plan and those of earlier seeds, as they stand in a store. */
export interface FoundTrials {
  /** Trials with the settings, code and data of the plan, including seeds that were planned earlier. */
  readonly trials: readonly PlannedTrial[];
  /** Trials with other code, data or settings. They are kept but not used. */
  readonly others: number;
  /** What cannot be matched with a trial, with the reason. */
  readonly problems: readonly string[];
}

/**
 * Adds the trials in the store that differ from the plan only by the seed, so that asking for fewer seeds drops none.
 * Tuning trials are not added: the plan says with how many seeds a setting is tried. Nor are imported ones
 * ({@link importedTrials}), nor seeds whose folds were tuned.
 */
export async function withEarlierSeeds(store: Store, planned: readonly PlannedTrial[]): Promise<FoundTrials> {
  // If every fold is tuned, seeds differ in their settings too: those of an earlier one are not known from another's.
  const isNested = planned.some(({ tuning, fold }) => tuning !== undefined && fold !== undefined);
  const known = new Set(planned.map((trial) => trial.id));
  const twins = new Map<string, PlannedTrial>();
  for (const trial of planned)
    if (trial.tuning === undefined && !twins.has(cellOf(trial))) twins.set(cellOf(trial), trial);
  const trials = [...planned];
  let others = 0;
  const { identities, problems } = await store.identities({ known: planned });
  for (const identity of identities) {
    if (identity.imported !== undefined) continue;
    if (identity.tuning !== undefined) {
      if (!known.has(identity.id)) others += 1;
      continue;
    }
    const twin = isNested ? undefined : twins.get(cellOf(identity));
    const expected = twin === undefined ? undefined : identified({ ...twin, seed: identity.seed });
    if (expected !== undefined && expected.id === identity.id) {
      if (!known.has(expected.id)) trials.push(expected);
      known.add(expected.id);
    } else others += 1;
  }
  // A planned trial is known without its file.
  const folders = new Set(trials.map((trial) => trial.folder));
  return { trials, others, problems: problems.filter(({ folder }) => !folders.has(folder)).map(({ what }) => what) };
}

/** The trials of a study that ran elsewhere and were imported into a store. Planned trials are none of them. */
export async function importedTrials(
  store: Store,
  { study, planned }: { readonly study: string; readonly planned: readonly PlannedTrial[] },
): Promise<readonly ImportedTrial[]> {
  const trials: ImportedTrial[] = [];
  for (const identity of (await store.identities({ known: planned })).identities) {
    const { imported } = identity;
    if (imported !== undefined && identity.study === study) trials.push({ ...identified(identity), imported });
  }
  return trials;
}

/** What trials have in common that differ only by the seed, but for settings, code and data. */
const cellOf = ({ task, variant, fold }: TrialIdentity): string =>
  canonicalJson([task, variant, fold?.index ?? null, fold?.of ?? null]);
