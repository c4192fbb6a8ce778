import { existsSync } from "node:fs";
import { join } from "node:path";
import { archiveRun, folderStore } from "@sluice/runner";
import { readRun } from "@sluice/study";
import { cleanCommit, sluiceIn, worktreeAt } from "./at-commit.ts";

/** How often finished trials are archived while the rest runs. */
const ARCHIVE_EVERY_MS = 5 * 60_000;

/**
 * Starts the run of a study, or goes on with it, in a worktree at the commit of its results. So this checkout may change
 * meanwhile. Finished trials are archived as they come. Resolves to the exit code of `sluice run`.
 *
 * @param name - the family, the study and the budget, such as `irregular-sequence/events/paper`
 * @throws an error if a run would start with changes that are not committed.
 */
export async function goOn(
  name: string,
  {
    results,
    root,
    sweep,
    options,
  }: {
    readonly results: string;
    readonly root: string;
    /** Whether the study tunes its settings: `sluice sweep` instead of `sluice run`. */
    readonly sweep: boolean;
    readonly options: readonly string[];
  },
): Promise<number> {
  const [family, study, budget, ...rest] = name.split("/");
  if (family === undefined || study === undefined || budget === undefined || rest.length > 0)
    throw new Error(`"${name}" is not <family>/<study>/<budget>, such as irregular-sequence/events/paper`);
  const archive = join(results, name);
  const commit = existsSync(join(archive, "study.json")) ? await commitOf(archive) : cleanCommit(root);
  if (commit === null)
    throw new Error("Commit first: the results name the commit that they ran at, and something is not committed.");
  const { root: checkout, is } = worktreeAt(commit, root);
  const runs = join(root, "runs", study, sweep ? `${budget}+sweep` : budget);
  const command = sweep ? "sweep" : "run";
  if (existsSync(archive)) await archiveRun(folderStore(archive), runs, { replace: true });
  console.log(`${name}, in ${is}`);
  const keep = async (): Promise<void> => {
    if (!existsSync(join(runs, "study.json"))) return;
    const { manifest, trials, problems } = await archiveRun(folderStore(runs), archive);
    console.log(`${trials.length} of ${manifest.trials.length} trials are in ${archive}`);
    for (const problem of problems) console.log(problem);
  };
  const module = join(checkout, "experiments", family, study, "study.ts");
  const every = setInterval(() => void keep().catch(console.error), ARCHIVE_EVERY_MS);
  try {
    const { code } = await sluiceIn(checkout, [command, module, "--budget", budget, "--out", runs, ...options]);
    return code;
  } finally {
    clearInterval(every);
    await keep();
  }
}

/** The commit that the trials of an archive ran at; `null` if none says it. */
async function commitOf(archive: string): Promise<string | null> {
  const store = folderStore(archive);
  for (const { record } of (await readRun(store)).trials) {
    const commit = (await store.readEnvironment(record)).environment?.git?.commit;
    if (typeof commit === "string") return commit;
  }
  return null;
}
