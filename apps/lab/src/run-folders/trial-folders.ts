import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { folderStore } from "@sluice/runner/folder";
import { identified, studyError, suggestion, trialName } from "@sluice/study";

/** A trial, by its name for users and its folder. */
export interface NamedTrial {
  readonly name: string;
  readonly folder: string;
}

/** Whether a folder is that of one trial. */
export const isTrialFolder = (place: string): boolean =>
  existsSync(join(place, "log.txt")) || existsSync(join(place, "config.json"));

/**
 * The trial in a folder, or the trials of the run in it that have `name` in their names; without `name`, all of them.
 *
 * @throws an error if there is none.
 */
export async function trialsAt(place: string, name: string | undefined): Promise<readonly NamedTrial[]> {
  if (!existsSync(place)) throw studyError(`${place}: no such folder`);
  if (isTrialFolder(place)) {
    if (name !== undefined) throw studyError(`${place} is the folder of one trial; leave out "${name}"`);
    return [{ name: basename(place), folder: place }];
  }
  const store = folderStore(place);
  const trials = (await store.identities()).identities.map(identified);
  if (trials.length === 0)
    throw studyError(`${place}: neither a trial's folder nor a run's: it has no log.txt and no trials/ with trials`);
  const part = name?.toLowerCase();
  const named = trials.map((trial) => ({
    name: `${trial.task} / ${trialName(trial)}`,
    folder: store.folderOf(trial),
    id: trial.id,
  }));
  const has = ({ name: own, folder, id }: (typeof named)[number], text: string): boolean =>
    own.toLowerCase().includes(text) || basename(folder).includes(text) || id.startsWith(text);
  const found = part === undefined ? named : named.filter((trial) => has(trial, part));
  if (found.length === 0) throw studyError(`${place}: no trial has "${name}" in its name; ${namesText(named, name)}`);
  // "seed 1" is also a part of "seed 10".
  const exact = found.filter(({ name: own }) => part !== undefined && own.toLowerCase().endsWith(` ${part}`));
  return (exact.length > 0 ? exact : found).map(({ name: own, folder }) => ({ name: own, folder }));
}

function namesText(named: readonly NamedTrial[], given = ""): string {
  const near = suggestion(given, [...new Set(named.map(({ name }) => name.split(" / ").at(-1) ?? name))]);
  if (near.startsWith("did you")) return near;
  const some = named.slice(0, 8).map(({ name }) => name);
  return `there are ${some.join("; ")}${named.length > 8 ? `, and ${named.length - 8} more` : ""}`;
}
