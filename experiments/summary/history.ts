import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { trialCode } from "@sluice/runner";
import type { StudyResults } from "./read-results.ts";

/** A commit and its day. */
export interface DatedCommit {
  readonly commit: string;
  readonly date: string;
}

/** What git knows of a study's results. It is kept beside them, so that a clone without history has it too. */
export interface StudyHistory {
  /** The commits that the trials ran at. */
  readonly ran: readonly DatedCommit[];
  /** By the text of a claim, the first commit with it; `null` for one that was written after the run. */
  readonly claims: { readonly [text: string]: DatedCommit | null };
  /** Files of the study that have changed since the run. */
  readonly changed: readonly string[];
}

/** By the name of the results. */
export type Histories = { readonly [name: string]: StudyHistory };

const fileOf = (results: string): string => join(results, "history.json");

/** The histories that were kept; none if there is no file. */
export const keptHistories = (results: string): Histories =>
  existsSync(fileOf(results)) ? JSON.parse(readFileSync(fileOf(results), "utf8")) : {};

/** Keeps the histories. */
export const keepHistories = (results: string, histories: Histories): void =>
  writeFileSync(fileOf(results), `${JSON.stringify(histories, null, 2)}\n`);

/**
 * The history of results, by git. A claim is part of the code that identifies a trial. So a claim that the run knew was
 * in the study at the run's commit, if nothing was uncommitted.
 *
 * @throws an error of git, such as for a commit that is not in this clone.
 */
export function historyOf({ model, study, commits }: StudyResults, root: string): StudyHistory {
  const ran = [...commits.keys()].map((commit) => dated(commit, root)).sort((a, b) => (a.date < b.date ? -1 : 1));
  const known = new Set(model.manifest.claims);
  const first = ran[0];
  const claims = study.claims.map(({ text }): [string, DatedCommit | null] => [
    text,
    first === undefined || !known.has(text) ? null : (firstWith(text, first, root) ?? lastChange(model, first, root)),
  ]);
  return { ran, claims: Object.fromEntries(claims), changed: changedFiles(model, root) };
}

function git(root: string, ...args: string[]): string {
  return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

const dated = (commit: string, root: string): DatedCommit => ({
  commit,
  date: git(root, "show", "-s", "--format=%cs", commit),
});

/** The first commit before `last` that contains the text as it is. Texts that code puts together have none. */
function firstWith(text: string, last: DatedCommit, root: string): DatedCommit | undefined {
  const found = git(root, "log", "--reverse", "--format=%H %cs", `-S${text}`, last.commit, "--", "experiments");
  const [commit, date] = found.split("\n", 1)[0]?.split(" ") ?? [];
  return commit === undefined || date === undefined || commit === "" ? undefined : { commit, date };
}

/** The last commit before the run that changed the study. From then on the study had all claims that the run knew. */
function lastChange({ manifest: { module } }: StudyResults["model"], last: DatedCommit, root: string): DatedCommit {
  if (module === null) return last;
  const found = git(root, "log", "-1", "--format=%H %cs", last.commit, "--", relative(root, dirname(module)));
  const [commit = "", date = ""] = found.split(" ");
  return commit === "" ? last : { commit, date };
}

/** The files in the study's folder whose program is another than that of the run. */
function changedFiles({ manifest: { module, codeParts } }: StudyResults["model"], root: string): readonly string[] {
  if (module === null || codeParts === undefined) return [];
  const { parts } = trialCode(module);
  const folder = `${relative(root, dirname(module)).split(sep).join("/")}/`;
  const names = new Set([...Object.keys(parts), ...Object.keys(codeParts)]);
  // What imports a changed file has another hash too, so only files of the study tell something.
  return [...names].filter((name) => name.startsWith(folder) && parts[name] !== codeParts[name]).sort();
}
