import { spawn } from "node:child_process";
import { familyOf, readProcesses } from "./process-table.ts";

/**
 * Stops the processes of all trials that this process has started, then this process, and lets them go on with it.
 * Ctrl-Z stops only the group of the runner, and each trial leads a group of its own.
 *
 * Meanwhile a shell waits for this process. It lets the trials go on if this process is killed: they then find that the
 * runner is gone, and end. A stopped trial would keep its memory and its lock for ever.
 *
 * @param stop - stops this process, and returns when it goes on.
 */
export function suspendWithTrials(stop: () => void): void {
  const groups = trialGroups();
  if (groups.length === 0) return stop();
  const shell = spawn(
    "sh",
    ["-c", 'read -r _; for each; do kill -s CONT -- "$each"; done', "sh", ...groups.map(String)],
    {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    },
  );
  // Without a shell nothing would let them go on.
  shell.on("error", () => {});
  if (shell.pid === undefined) return stop();
  // The end of this pipe tells the shell that this process goes on, or that it is gone.
  shell.stdin.on("error", () => {});
  shell.unref();
  signal(groups, "SIGSTOP");
  stop();
  signal(groups, "SIGCONT");
  shell.stdin.end();
}

/** The groups of all trials and of what they have started, as the negative numbers that `kill` takes. */
function trialGroups(): readonly number[] {
  const table = readProcesses();
  const trials = [...table.values()].filter(({ pid, parent, group }) => parent === process.pid && pid === group);
  const groups = trials.flatMap(({ pid }) => familyOf(pid, table).map(({ group }) => group));
  return [...new Set(groups)].map((group) => -group);
}

function signal(groups: readonly number[], name: "SIGSTOP" | "SIGCONT"): void {
  for (const group of groups)
    try {
      process.kill(group, name);
    } catch {
      // It has ended since.
    }
}
