import { join, relative } from "node:path";
import { sha256 } from "@sluice/formats";
import { folderStore, projectRoot } from "@sluice/runner";
import { readRun, trialName, type Manifest, type PlannedTrial } from "@sluice/study";
import { checkoutFor, sluiceIn } from "./at-commit.ts";
import { archivedRuns } from "./read-results.ts";

/** A finished trial among the results. */
interface DrawnTrial {
  readonly name: string;
  readonly trial: PlannedTrial;
  readonly manifest: Manifest;
  readonly commit: string | undefined;
}

/** What `sluice verify --json` says of a trial. */
interface Verified {
  readonly id: string;
  readonly agreement: string;
  /** SHA-256 before and now. */
  readonly weights: readonly (string | null)[];
  /** Metrics with another value. */
  readonly metrics: readonly string[];
}

/**
 * Runs trials again that are drawn at random among all results, each with the code of its commit, and prints for each
 * whether it has the same hashes. Resolves to whether all have.
 */
export async function runDrawn(
  { results, root }: { readonly results: string; readonly root: string },
  { count, seed, options }: { readonly count: number; readonly seed: number; readonly options: readonly string[] },
): Promise<boolean> {
  const drawn = await draw(results, { count, seed });
  console.log(`${drawn.length} trials, by draw ${seed}:`);
  let same = true;
  for (const name of new Set(drawn.map((one) => one.name)))
    same =
      (await verifyTrials(
        drawn.filter((one) => one.name === name),
        { results, root, options },
      )) && same;
  return same;
}

/** The same trials for the same results and seed. */
export async function draw(
  results: string,
  { count, seed }: { readonly count: number; readonly seed: number },
): Promise<readonly DrawnTrial[]> {
  const all: DrawnTrial[] = [];
  for (const name of archivedRuns(results)) {
    const store = folderStore(join(results, name));
    const { manifest, trials } = await readRun(store);
    for (const { trial, record } of trials) {
      if (record.status !== "done" || trial.imported !== undefined) continue;
      const commit = (await store.readEnvironment(record)).environment?.git?.commit ?? undefined;
      all.push({ name, trial, manifest, commit });
    }
  }
  const lot = ({ trial }: DrawnTrial): string => sha256(`draw ${seed} of ${trial.id}`);
  return all.toSorted((a, b) => (lot(a) < lot(b) ? -1 : 1)).slice(0, count);
}

/** The trials of one run. */
async function verifyTrials(
  drawn: readonly DrawnTrial[],
  { results, root, options }: { readonly results: string; readonly root: string; readonly options: readonly string[] },
): Promise<boolean> {
  const [first] = drawn;
  if (first === undefined) return true;
  const { name, manifest, commit } = first;
  const checkout = checkoutFor(manifest, { commit, root });
  console.log(`\n${name}, in ${checkout.is}`);
  const module = manifest.module ?? "";
  const study = join(checkout.root, relative(projectRoot(module), module));
  const ids = drawn.map(({ trial }) => trial.id);
  const command = ["verify", join(results, name), "--study", study, "--json", ...options, "--trial", ...ids];
  const { output } = await sluiceIn(checkout.root, command, { quiet: true });
  // What npm and the installer say comes before.
  const verified = verifiedIn(output);
  for (const { trial } of drawn) {
    const found = verified.find(({ id }) => id === trial.id);
    console.log(`  ${trial.task} / ${trialName(trial)}: ${found === undefined ? "did not run" : verdictText(found)}`);
  }
  return verified.length === drawn.length && verified.every(isSame);
}

const isSame = ({ agreement }: Verified): boolean => agreement === "bitwise the same";

function verdictText(verified: Verified): string {
  const [before, now] = verified.weights.map((hash) => hash?.slice(0, 16) ?? "none");
  if (isSame(verified)) return `the same: weights ${before}`;
  const metrics = verified.metrics.length === 0 ? "" : `, other values of ${verified.metrics.join(", ")}`;
  return `${verified.agreement}: weights ${before}, now ${now}${metrics}`;
}

/** Nothing if the command has failed, which has then said why. */
function verifiedIn(output: string): readonly Verified[] {
  try {
    return JSON.parse(output.slice(output.indexOf("\n[") + 1));
  } catch {
    return [];
  }
}
