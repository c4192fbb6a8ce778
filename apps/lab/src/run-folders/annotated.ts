import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { readAnnotations } from "@sluice/runner/folder";
import { isAnnotated, messageOf, NO_ANNOTATIONS, studyError, type Annotations } from "@sluice/study";
import { wrapped } from "../layout.ts";
import { isTrialFolder, trialsAt, type NamedTrial } from "./trial-folders.ts";

/** A run or a trial, with what was said about it. */
export interface Annotated extends Annotations {
  readonly name: string;
  readonly folder: string;
}

/** The run or trial in a folder or, if `trial` is a part of their names, trials of the run. */
export async function annotatable(
  given: string,
  { trial, folder }: { readonly trial: string | undefined; readonly folder: string },
): Promise<readonly NamedTrial[]> {
  const place = resolve(folder, given);
  if (trial !== undefined || isTrialFolder(place)) return trialsAt(place, trial);
  if (!existsSync(place))
    throw studyError(`${place}: no such folder; expected that of a run, such as runs/digits/quick`);
  if (!existsSync(join(place, "study.json")) && !existsSync(join(place, "trials")))
    throw studyError(`${place}: neither a run nor a trial is in this folder`);
  return [{ name: given, folder: place }];
}

/** Tags and notes of a run or trial, or nothing and the reason. */
export function annotationsIn(folder: string): { readonly told: Annotations; readonly problem: string | null } {
  try {
    return { told: readAnnotations(folder), problem: null };
  } catch (error) {
    return { told: NO_ANNOTATIONS, problem: messageOf(error) };
  }
}

/** The trials of a run that have tags or notes, by the names of their folders. */
export function annotatedTrials(run: string): ReadonlyMap<string, Annotations> {
  const trials = join(run, "trials");
  const names = existsSync(trials) ? readdirSync(trials).filter((name) => !name.includes(".aside-")) : [];
  return new Map(
    names
      .sort()
      .map((name): [string, Annotations] => [name, annotationsIn(join(trials, name)).told])
      .filter(([, told]) => isAnnotated(told)),
  );
}

/** "runs/digits/quick: paper, best" and its notes, wrapped to the width. */
export function annotationLines({ name, tags, notes }: Omit<Annotated, "folder">, width: number): string[] {
  return [
    ...wrapped(`${name}: ${tags.length === 0 ? "no tags" : tags.join(", ")}`, width),
    ...notes.flatMap(({ text, written }, index) =>
      wrapped(`${index + 1}. ${written.slice(0, 10)} ${text.replaceAll(/\s*\n\s*/g, " ")}`, width - 2).map(
        (line) => `  ${line}`,
      ),
    ),
  ];
}
