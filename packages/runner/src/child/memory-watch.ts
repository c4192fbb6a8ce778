import { readProcesses, familyOf } from "./process-table.ts";

/** How often memory is looked at, at most. */
const LOOK_MS = 200;

/** Looking takes no more than this share of the time, however many processes the machine runs. */
const SHARE = 0.02;

/** Watches how much memory processes have, each with its descendants. */
export interface MemoryWatch {
  /** Calls `onOver` once, with the bytes in memory, when they are more than the limit. Returns how to end the watch. */
  watch(pid: number, limit: number, onOver: (bytes: number) => void): () => void;
}

/** One look at the processes of the machine serves all that are watched. */
export function memoryWatch(): MemoryWatch {
  const watched = new Set<{ readonly pid: number; readonly limit: number; onOver(bytes: number): void }>();
  let timer: NodeJS.Timeout | null = null;

  const look = (): void => {
    const began = performance.now();
    const table = readProcesses();
    for (const one of watched) {
      const bytes = familyOf(one.pid, table).reduce((sum, { resident }) => sum + resident, 0);
      if (bytes <= one.limit) continue;
      watched.delete(one);
      one.onOver(bytes);
    }
    const took = performance.now() - began;
    timer = watched.size === 0 ? null : setTimeout(look, Math.max(LOOK_MS, took / SHARE));
  };

  return {
    watch(pid, limit, onOver) {
      const one = { pid, limit, onOver };
      watched.add(one);
      timer ??= setTimeout(look, LOOK_MS);
      return () => {
        watched.delete(one);
        if (watched.size > 0 || timer === null) return;
        clearTimeout(timer);
        timer = null;
      };
    },
  };
}
