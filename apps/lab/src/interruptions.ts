/** Ctrl-C, a kill with SIGTERM, and a closed terminal. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Until `end`, the first signal, or the end of the output, stops the run, and a second signal kills the trials. */
export function interruptions(closed: AbortSignal, onStop: () => void) {
  const stop = new AbortController();
  const kill = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) return kill.abort();
    stop.abort();
    onStop();
  };
  const onClosed = (): void => stop.abort();
  if (closed.aborted) onClosed();
  else closed.addEventListener("abort", onClosed);
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    stop: stop.signal,
    kill: kill.signal,
    end() {
      closed.removeEventListener("abort", onClosed);
      for (const signal of SIGNALS) process.off(signal, onSignal);
    },
  };
}
