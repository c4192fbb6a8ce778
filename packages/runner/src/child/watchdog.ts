import { parentPort, workerData } from "node:worker_threads";
import { isAlive, type ProcessName } from "../folder/process.ts";

// A thread beside a trial. The trial's own may be busy for hours and hear nothing: this one ends the process when the
// runner is gone.

const LOOK_MS = 500;
const { runner, graceMs }: { readonly runner: ProcessName; readonly graceMs: number } = workerData;

let goneFor = 0;
setInterval(() => {
  // Nothing is known of a runner in another container; then there is nothing to be done.
  goneFor = isAlive(runner) === false ? goneFor + LOOK_MS : 0;
  if (goneFor > graceMs) process.kill(process.pid, "SIGKILL");
}, LOOK_MS);
parentPort?.postMessage("watching");
