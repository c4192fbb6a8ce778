import type { Case } from "./cases.ts";
import { startProcess, type Process } from "./contender.ts";
import type { Peer } from "./peers.ts";

/** A contender whose process runs. */
export interface Present {
  readonly name: string;
  readonly process: Process;
  readonly about: string;
  readonly has: (of: Case) => boolean;
}

/** Starts a process of each peer. Those that are not installed, or do not start, are absent, each with the reason. */
export async function startAll(
  threads: number,
  all: readonly Peer[],
): Promise<{ present: Present[]; absent: Record<string, string> }> {
  const absent: Record<string, string> = {};
  const present: Present[] = [];
  for (const { name, find, has } of all) {
    const start = find(threads);
    if ("absent" in start) {
      absent[name] = `absent: ${start.absent}`;
      continue;
    }
    const process = startProcess(start);
    try {
      const answer = await process.ask({ op: "about" });
      if (!("about" in answer)) throw new Error("it did not report its name and version");
      present.push({
        name,
        process,
        has,
        about: answer.warning === undefined ? answer.about : `${answer.about} (${answer.warning})`,
      });
    } catch (error) {
      if (name === "sluice") throw error;
      absent[name] = `absent: it did not start: ${(error as Error).message}`;
    }
  }
  return { present, absent };
}
