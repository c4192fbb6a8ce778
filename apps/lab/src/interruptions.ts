import { suspendWithTrials } from "@sluice/runner";

/** Ctrl-C and a kill with SIGTERM. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Options of {@link interruptions}. */
export interface InterruptionOptions {
  /** Aborted instead of stopping when nobody can see the output any more, for trials that go on by themselves. */
  readonly leave?: AbortController | undefined;
  /** Called after Ctrl-Z, when the command goes on: what it last drew is not the end of the screen any more. */
  readonly onContinue?: () => void;
}

/**
 * Until `end`, the first signal, a closed terminal, or the end of the output stops the run, and a second signal kills
 * the trials. Ctrl-Z stops the trials with the command, and `fg` and `bg` let both go on.
 */
export function interruptions(
  closed: AbortSignal,
  onStop: () => void,
  { leave, onContinue }: InterruptionOptions = {},
) {
  const stop = new AbortController();
  const kill = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) return kill.abort();
    stop.abort();
    onStop();
  };
  const onHangup = leave === undefined ? onSignal : (): void => leave.abort();
  const onClosed = (): void => (leave ?? stop).abort();
  const onSuspend = (): void => {
    suspendWithTrials(() => {
      // Without a listener the signal does what it does to any program: nothing, if there is no shell to go on from.
      process.off("SIGTSTP", onSuspend);
      process.kill(process.pid, "SIGTSTP");
      process.on("SIGTSTP", onSuspend);
    });
    onContinue?.();
  };
  if (closed.aborted) onClosed();
  else closed.addEventListener("abort", onClosed);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on("SIGHUP", onHangup);
  // Windows has no such signal.
  if (process.platform !== "win32") process.on("SIGTSTP", onSuspend);
  return {
    stop: stop.signal,
    kill: kill.signal,
    end() {
      closed.removeEventListener("abort", onClosed);
      for (const signal of SIGNALS) process.off(signal, onSignal);
      process.off("SIGHUP", onHangup);
      process.off("SIGTSTP", onSuspend);
    },
  };
}
