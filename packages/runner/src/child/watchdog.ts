import { parentPort, workerData } from "node:worker_threads";
import { isAlive, type ProcessName } from "../folder/process.ts";
import { endFamily } from "./end-family.ts";

// A thread next to a trial. The trial's own thread may be busy for hours and receive no messages. This one ends the
// process, and all that the trial has started, if the runner is gone.

const LOOK_MS = 500;
const { runner, graceMs }: { readonly runner: ProcessName; readonly graceMs: number } = workerData;

let goneFor = 0;
setInterval(() => {
  // A runner in another container cannot be checked, so there is nothing to do.
  goneFor = isAlive(runner) === false ? goneFor + LOOK_MS : 0;
  if (goneFor > graceMs) endFamily(process.pid);
}, LOOK_MS);
parentPort?.postMessage("watching");
