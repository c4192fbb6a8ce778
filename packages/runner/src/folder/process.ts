import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { systemCode } from "@sluice/study";

/** Identifies a process among all processes of this machine, including later ones with the same number. */
export interface ProcessName {
  readonly pid: number;
  readonly host: string;
  /**
   * Identifies this start of this machine, and the namespace of its process numbers; `null` if the system does not say.
   */
  readonly machine: string | null;
  /** When the process started, by the system's own clock. */
  readonly started: string | null;
}

/** The name of the process that this runs in. */
export function thisProcess(): ProcessName {
  const machine = machineName();
  return {
    pid: process.pid,
    host: hostname(),
    machine,
    started: machine === null ? String(performance.timeOrigin) : (startOf(process.pid) ?? null),
  };
}

/** Whether a process is alive; `null` if it runs on another machine. */
export function isAlive(name: ProcessName): boolean | null {
  const here = thisProcess();
  if (name.host !== here.host || name.machine !== here.machine) return null;
  if (name.machine !== null) return startOf(name.pid) === name.started;
  if (name.pid === here.pid) return name.started === here.started;
  try {
    process.kill(name.pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === "EPERM";
  }
}

/** Whether two names are of the same process. */
export const isSame = (a: ProcessName, b: ProcessName): boolean =>
  a.pid === b.pid && a.host === b.host && a.machine === b.machine && a.started === b.started;

/** Containers may share a host name and still have separate process numbers. */
function machineName(): string | null {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return null;
  }
}

/** Clock ticks from the start of the machine to the start of the process, from /proc; `undefined` if it has ended. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The program's name, in parentheses, may contain any character; the state is the field after it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
