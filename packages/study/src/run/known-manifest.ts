import { messageOf } from "../error.ts";
import { canonicalJson } from "../json.ts";
import type { Manifest } from "../manifest.ts";
import { identified, type PlannedTrial } from "../plan.ts";
import type { Store } from "./store.ts";

/** A manifest, read or reconstructed. */
export interface KnownManifest {
  readonly manifest: Manifest;
  /** Why the manifest was reconstructed from the trials; `null` if it was read. */
  readonly problem: string | null;
}

/**
 * The manifest of a store. If it cannot be read, or belongs to another study, it is reconstructed from the trials:
 * tasks, variants, seeds and settings. Everything else in it is lost.
 *
 * @throws an error if there is neither a manifest nor a trial.
 */
export async function knownManifest(store: Store): Promise<KnownManifest> {
  let manifest: Manifest;
  try {
    manifest = await store.readManifest();
  } catch (error) {
    const trials = await trialsIn(store);
    if (trials.length === 0) throw error;
    return madeUp(store, trials, messageOf(error));
  }
  if (await isOfTrials(manifest, store)) return { manifest, problem: null };
  const trials = await trialsIn(store);
  const why = `${store.manifestPlace}: it belongs to another study, "${manifest.name}", while the trials belong to "${trials[0]?.study ?? ""}"`;
  return madeUp(store, trials, why);
}

const trialsIn = async (store: Store, known: readonly PlannedTrial[] = []): Promise<readonly PlannedTrial[]> =>
  (await store.identities({ known })).identities.map(identified);

/** Whether a store has no trials, or some of the manifest's study. */
async function isOfTrials({ name, trials: planned }: Manifest, store: Store): Promise<boolean> {
  const isOwn = (trials: readonly PlannedTrial[]): boolean =>
    trials.length === 0 || trials.some(({ study }) => study === name);
  // Trials that are in the plan are of its study. They are read only if all others are of another one.
  return isOwn(await trialsIn(store, planned)) || isOwn(await trialsIn(store));
}

const LOST =
  "The question, labels, units, the direction of each metric, published figures and trials that were not started are " +
  "missing; the budget is taken from the folder's name";

async function madeUp(store: Store, all: readonly PlannedTrial[], why: string): Promise<KnownManifest> {
  const reported = all.filter(({ tuning, imported }) => tuning === undefined && imported === undefined);
  const imports = all.filter(({ imported }) => imported !== undefined);
  // If every fold of every seed was tuned, they have settings of their own.
  const isNested = all.some((trial) => trial.tuning !== undefined && trial.fold !== undefined);
  const trials = mostAlike(reported, ({ task, variant, seed, fold }) =>
    canonicalJson(isNested ? [task, variant, seed, fold?.index ?? null] : [task, variant]),
  );
  const left = reported.length - trials.length;
  const tuning = all.length - reported.length - imports.length;
  const first = trials[0] ?? all[0];
  const names = (of: (trial: PlannedTrial) => string): string[] => [...new Set([...trials, ...imports].map(of))].sort();
  const metrics = new Set<string>();
  for (const trial of [...trials, ...imports])
    for (const name of Object.keys((await store.readTrial(trial)).metrics)) metrics.add(name);
  const strange = left === 0 ? "" : `, of the ${trials.length} that agree in code, data and settings; ${left} do not`;
  const tuned = tuning === 0 ? "" : `, and without ${tuning} tuning trials`;
  return {
    manifest: {
      name: first?.study ?? "",
      title: first?.study ?? "",
      question: "Not known: study.json could not be read.",
      stepLabel: "step",
      budget: store.place.split(/[\\/]/).at(-1) ?? "",
      module: null,
      command: "not known",
      code: first?.code ?? "",
      data: first?.data ?? {},
      tasks: names(({ task }) => task),
      variants: names(({ variant }) => variant),
      metrics: Object.fromEntries([...metrics].sort().map((name) => [name, { label: name, better: "lower" }])),
      anchors: [],
      trials,
      remade: true,
    },
    problem: `${why.replace(/\.$/, "")}. This report was made from the trials' folders only${strange}${tuned}. ${LOST}`,
  };
}

/**
 * If trials have different code, data or settings: the code and data that most trials have, and of the trials of a cell
 * those with the settings that most of them have.
 */
function mostAlike(trials: readonly PlannedTrial[], cellOf: (trial: PlannedTrial) => string): readonly PlannedTrial[] {
  const sameCode = largest(trials, ({ study, code, data }) => canonicalJson({ study, code, data }));
  const cells = grouped(sameCode, cellOf);
  return cells.flatMap((cell) => largest(cell, ({ config }) => canonicalJson(config)));
}

function largest(trials: readonly PlannedTrial[], by: (trial: PlannedTrial) => string): readonly PlannedTrial[] {
  return grouped(trials, by).reduce((most, group) => (group.length > most.length ? group : most), []);
}

/** In the order of their keys, so that the choice does not depend on the order of folders. */
function grouped(trials: readonly PlannedTrial[], by: (trial: PlannedTrial) => string): PlannedTrial[][] {
  const groups = new Map<string, PlannedTrial[]>();
  for (const trial of trials) groups.set(by(trial), [...(groups.get(by(trial)) ?? []), trial]);
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
}
