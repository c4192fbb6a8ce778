import { Worker } from "node:worker_threads";
import { isStoreFailure, messageOf, runTrial, stopping } from "@sluice/study";
import { folderStore } from "../folder/folder-store.ts";
import { loadStudy } from "../load.ts";
import { endDescendants } from "./end-family.ts";
import { GRACE_MS, type FromTrial, type ToTrial } from "./messages.ts";

// The process of one trial. The runner starts it, tells it which trial to run, and reads the result from the trial's
// folder.

const abort = new AbortController();

// The runner decides what to do about Ctrl-C and the like: it sends a message, or exits. A terminal sends its signals to
// the group of the runner only, where this process is not, but a batch system may send them to every process of a job.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
// What the trial has started does not outlive it, even if there is no runner any more that could see to it.
process.on("exit", () => endDescendants(process.pid));
process.on("disconnect", () => abort.abort(stopping({ status: "interrupted", reason: "the runner ended" })));
process.on("message", (message: ToTrial) => {
  if (message.kind === "stop") abort.abort(stopping(message.stop));
  else void run(message).then(() => process.exit(0), giveUp);
});

async function run({ start, runner }: Extract<ToTrial, { kind: "start" }>): Promise<void> {
  const watchdog = new Worker(
    new URL(import.meta.url.endsWith(".ts") ? "./watchdog.ts" : "./watchdog.js", import.meta.url),
    { workerData: { runner, graceMs: GRACE_MS } },
  );
  watchdog.unref();
  const { module, out, ...given } = start;
  await runTrial(
    { ...given, store: folderStore(out), study: () => loadStudy(module) },
    {
      signal: abort.signal,
      onResumed: (step) => send({ kind: "resumed", step }),
      onProgress: (progress) => send({ kind: "progress", progress }),
      age: () => process.uptime(),
      // Node gives it in kilobytes, on every system.
      memory: () => process.resourceUsage().maxRSS * 1024,
    },
  );
}

function send(message: FromTrial): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

/** How a trial ended is normally in `result.json`. This message is for the case that the file could not be written. */
function giveUp(error: unknown): void {
  console.error(error);
  const message: FromTrial = {
    kind: "broken",
    status: isStoreFailure(error) ? "interrupted" : "failed",
    reason: messageOf(error),
  };
  if (process.connected) process.send?.(message, undefined, undefined, () => process.exit(1));
  else process.exit(1);
}
