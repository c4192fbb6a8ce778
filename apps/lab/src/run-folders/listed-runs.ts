import { basename, join } from "node:path";
import { folderStore } from "@sluice/runner/folder";
import { messageOf, type Annotations, type Manifest } from "@sluice/study";
import { annotatedTrials, annotationsIn } from "./annotated.ts";
import { runsBelow } from "./find-runs.ts";

/** A run, as it is listed. */
export interface ListedRun extends Annotations {
  /** Its path from where the command runs. */
  readonly name: string;
  readonly folder: string;
  readonly study: string;
  readonly title: string;
  readonly question: string;
  readonly budget: string;
  /** Trials that have tags or notes, by their folders' names. */
  readonly trials: Readonly<Record<string, Annotations>>;
  /** What cannot be read. */
  readonly problem: string | null;
}

/** The runs in the `runs` folder of a project or clone. */
export async function listedRuns(folder: string): Promise<readonly ListedRun[]> {
  const runs: ListedRun[] = [];
  for (const { folder: run, name } of runsBelow(join(folder, "runs"))) {
    const { told, problem } = annotationsIn(run);
    const manifest = await manifestOf(run);
    runs.push({
      name: `runs/${name}`,
      folder: run,
      study: typeof manifest === "string" ? "" : manifest.name,
      title: typeof manifest === "string" ? "" : manifest.title,
      question: typeof manifest === "string" ? "" : manifest.question,
      budget: typeof manifest === "string" ? basename(run) : manifest.budget,
      ...told,
      trials: Object.fromEntries(annotatedTrials(run)),
      problem: typeof manifest === "string" ? manifest : problem,
    });
  }
  return runs;
}

/** The manifest, or why it cannot be read. */
async function manifestOf(run: string): Promise<Manifest | string> {
  try {
    return await folderStore(run).readManifest();
  } catch (error) {
    return messageOf(error);
  }
}

/** Whether the run or a trial of it has a tag. */
export const hasTag = ({ tags, trials }: ListedRun, tag: string): boolean =>
  tags.includes(tag) || Object.values(trials).some((told) => told.tags.includes(tag));

/** All tags of runs and their trials. */
export const tagsOf = (runs: readonly ListedRun[]): readonly string[] =>
  [
    ...new Set(runs.flatMap(({ tags, trials }) => [...tags, ...Object.values(trials).flatMap((told) => told.tags)])),
  ].sort();
