/** Ctrl-C and a kill with SIGTERM. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Options of {@link interruptions}. */
export interface InterruptionOptions {
  /** Aborted instead of stopping when nobody can see the output any more, for trials that go on by themselves. */
  readonly leave?: AbortController | undefined;
}

/**
 * Until `end`, the first signal, a closed terminal, or the end of the output stops the run, and a second signal kills
 * the trials.
 */
export function interruptions(closed: AbortSignal, onStop: () => void, { leave }: InterruptionOptions = {}) {
  const stop = new AbortController();
  const kill = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) return kill.abort();
    stop.abort();
    onStop();
  };
  const onHangup = leave === undefined ? onSignal : (): void => leave.abort();
  const onClosed = (): void => (leave ?? stop).abort();
  if (closed.aborted) onClosed();
  else closed.addEventListener("abort", onClosed);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on("SIGHUP", onHangup);
  return {
    stop: stop.signal,
    kill: kill.signal,
    end() {
      closed.removeEventListener("abort", onClosed);
      for (const signal of SIGNALS) process.off(signal, onSignal);
      process.off("SIGHUP", onHangup);
    },
  };
}
