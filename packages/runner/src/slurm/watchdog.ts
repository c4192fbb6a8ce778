import { parentPort, workerData } from "node:worker_threads";
import { writeLive, type Live } from "./live.ts";

// A thread next to a trial in a job of Slurm. It says when the trial's time limit is reached. The trial's own thread may
// be busy and not hear it; then the process ends.

interface Watched {
  /** Seconds. */
  readonly limit: number;
  readonly graceMs: number;
  /** Path of `live.json`, and what to write there before the process ends. */
  readonly path: string;
  readonly live: Live;
}

const { limit, graceMs, path, live }: Watched = workerData;

const endsAt = performance.now() + limit * 1000;
const timer = setInterval(
  () => {
    if (performance.now() < endsAt) return;
    clearInterval(timer);
    parentPort?.postMessage("limit");
    setTimeout(end, graceMs);
  },
  Math.min(1000, limit * 100),
);

function end(): void {
  writeLive(path, live);
  process.kill(process.pid, "SIGKILL");
}
