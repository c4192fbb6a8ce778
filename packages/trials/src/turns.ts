/**
 * Gives timers, signals and page events a turn, if the last turn was long enough ago. A loop that awaits only settled
 * promises would block them until its end.
 */
export function turns(everyMilliseconds = 50): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < everyMilliseconds) return;
    await new Promise((turn) => setTimeout(turn, 0));
    last = performance.now();
  };
}
