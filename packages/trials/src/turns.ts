/**
 * Lets timers, signals and a page's events in, if the last time was long enough ago. A loop that only awaits what is
 * computed at once would keep them waiting to its end.
 */
export function turns(everyMilliseconds = 50): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < everyMilliseconds) return;
    await new Promise((turn) => setTimeout(turn, 0));
    last = performance.now();
  };
}
