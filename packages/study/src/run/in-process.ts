import { isStoreFailure, messageOf, studyError } from "../error.ts";
import { overLimit, stopping, type Executor } from "./executor.ts";
import { runTrial } from "./run-trial.ts";

/**
 * Runs trials in this process, for a page, a notebook or a test. Trials that run at the same time share its thread. A
 * trial that breaks the process breaks the study. A trial that ignores its signal cannot be stopped: a time limit only
 * aborts the signal. Memory limits are an error.
 */
export function inProcess(): Executor {
  return {
    async run(trial, { study, limit, memory, signal, kill, onResumed, onProgress, ...start }) {
      if (memory !== null)
        throw studyError(
          `inProcess: a memory limit of ${memory} bytes was given, but trials share this process; leave it out, or run each trial in a process of its own with childProcesses of @sluice/runner`,
        );
      const began = performance.now();
      const stop = new AbortController();
      const abort = (): void => stop.abort(stopping({ status: "interrupted", reason: "stopped by the user" }));
      const timer = limit === null ? undefined : setTimeout(() => stop.abort(stopping(overLimit(limit))), limit * 1000);
      for (const each of [signal, kill]) {
        if (each.aborted) abort();
        else each.addEventListener("abort", abort);
      }
      try {
        await runTrial({ ...start, trial, study: async () => study }, { signal: stop.signal, onResumed, onProgress });
        return null;
      } catch (error) {
        return {
          status: isStoreFailure(error) ? "interrupted" : "failed",
          reason: messageOf(error),
          seconds: (performance.now() - began) / 1000,
          write: false,
        };
      } finally {
        clearTimeout(timer);
        for (const each of [signal, kill]) each.removeEventListener("abort", abort);
      }
    },
  };
}
