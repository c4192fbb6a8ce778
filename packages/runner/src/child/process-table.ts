import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process of this machine. */
export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** Bytes in memory. Pages that it shares with others count in each of them. */
  readonly resident: number;
}

/** By process number. */
export type ProcessTable = ReadonlyMap<number, RunningProcess>;

/**
 * The processes of this machine, or as many as it shows. Linux keeps them in /proc; `ps` lists them elsewhere. Empty on
 * Windows, which has neither.
 */
export function readProcesses(): ProcessTable {
  if (process.platform === "win32") return new Map();
  const all = process.platform === "linux" ? fromProc() : fromPs();
  return new Map(all.map((one) => [one.pid, one]));
}

/** A process, its descendants, and everything in the process groups of these. Without processes that have ended. */
export function familyOf(pid: number, table: ProcessTable): readonly RunningProcess[] {
  const all = [...table.values()];
  const family = new Set<RunningProcess>();
  const groups = new Set([pid]);
  for (let before = -1; before < family.size;) {
    before = family.size;
    for (const one of all) {
      if (family.has(one)) continue;
      const parent = table.get(one.parent);
      const isOwn = one.pid === pid || groups.has(one.group) || (parent !== undefined && family.has(parent));
      if (!isOwn) continue;
      family.add(one);
      // A group is the family's own if the family made it. A group that a process has merely inherited is not.
      if (one.group === one.pid) groups.add(one.group);
    }
  }
  return [...family];
}

function fromProc(): RunningProcess[] {
  const page = pageSize();
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      // The program's name, in parentheses, may contain any character; the state is the field after it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields[0] === "Z" || fields[0] === "X") return [];
      const [, parent, group] = fields;
      return [{ pid: Number(name), parent: Number(parent), group: Number(group), resident: Number(fields[21]) * page }];
    } catch {
      // It has ended since the folder was listed.
      return [];
    }
  });
}

function fromPs(): RunningProcess[] {
  const text = execFileSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,rss=,stat="], { encoding: "utf8" });
  return text.split("\n").flatMap((line) => {
    const [pid, parent, group, kilobytes, state = "Z"] = line.trim().split(/\s+/);
    if (state.startsWith("Z")) return [];
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), resident: Number(kilobytes) * 1024 }];
  });
}

/** Bytes of a page. Node gives the memory of this process in bytes, and /proc in pages; it may grow between the two. */
function pageSize(): number {
  const pages = Number(readFileSync("/proc/self/statm", "utf8").split(" ")[1]);
  const size = process.memoryUsage.rss() / pages;
  return [4096, 16_384, 65_536].reduce((best, page) => (Math.abs(page - size) < Math.abs(best - size) ? page : best));
}
