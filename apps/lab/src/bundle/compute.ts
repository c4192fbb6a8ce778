import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FolderStore } from "@sluice/runner/folder";
import { identified } from "@sluice/study";

/** How many trials ended so, and the seconds that they worked. */
export interface Spent {
  readonly trials: number;
  readonly seconds: number;
}

/** What a runs folder has cost: the reported trials and all others, also those that failed. */
export interface Compute {
  /** The trials of the run, by status. */
  readonly run: Readonly<Record<string, Spent>>;
  /** Trials in the same folder with other code, data or settings: earlier attempts, and settings that were tried. */
  readonly others: Readonly<Record<string, Spent>>;
  /** Attempts of trials that were started again from the beginning. */
  readonly aside: Spent;
  readonly seconds: number;
}

export async function computeOf(store: FolderStore, own: ReadonlySet<string>): Promise<Compute> {
  const run: Record<string, Spent> = {};
  const others: Record<string, Spent> = {};
  for (const identity of (await store.identities()).identities) {
    const { status, seconds = 0 } = await store.readTrial(identified(identity));
    const sums = own.has(identity.id) ? run : others;
    const before = sums[status] ?? { trials: 0, seconds: 0 };
    sums[status] = { trials: before.trials + 1, seconds: before.seconds + seconds };
  }
  const aside = asideIn(join(store.folder, "trials"));
  const all = [...Object.values(run), ...Object.values(others), aside];
  return { run, others, aside, seconds: all.reduce((sum, { seconds }) => sum + seconds, 0) };
}

/** Trials that were moved aside. Their results may be damaged; what is known of them counts. */
function asideIn(trials: string): Spent {
  const folders = existsSync(trials) ? readdirSync(trials).filter((name) => name.includes(".aside-")) : [];
  const seconds = folders.map((name) => secondsIn(join(trials, name, "result.json")));
  return { trials: folders.length, seconds: seconds.reduce((sum, one) => sum + one, 0) };
}

function secondsIn(path: string): number {
  try {
    const { timings }: { timings?: { seconds?: unknown } } = JSON.parse(readFileSync(path, "utf8"));
    return typeof timings?.seconds === "number" ? timings.seconds : 0;
  } catch {
    return 0;
  }
}
