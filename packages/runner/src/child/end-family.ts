import { spawnSync } from "node:child_process";
import { familyOf, readProcesses } from "./process-table.ts";

/**
 * Ends the process of a trial and everything that it has started, at once. The process is the leader of a group of its
 * own, in which its descendants are, unless they made groups for themselves. Signals that a process ignores do not
 * matter: SIGKILL cannot be ignored. The trial may call this for itself.
 *
 * What left the family is not found: a process that made a group for itself and whose parent has ended.
 */
export function endFamily(pid: number): void {
  endDescendants(pid);
  if (process.platform === "win32") spawnSync("taskkill", ["/PID", String(pid), "/T", "/F"], { stdio: "ignore" });
  // The trial itself last, because this may be it. What it started in the meantime is in its group.
  else kill(-pid);
}

/** Ends everything that the process of a trial has started, but not the process itself. */
export function endDescendants(pid: number): void {
  for (const one of familyOf(pid, readProcesses())) if (one.pid !== pid) kill(one.pid);
}

/** @param pid a process, or minus the number of a group. */
function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}
