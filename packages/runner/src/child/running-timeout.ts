/** Milliseconds from one look of a timer at its clock to the next, and what a look counts at most. */
const [LOOK_MS, STEP_MS] = [1000, 5000];

/** A timer, for any time. Time in which this process stands still, as it does after Ctrl-Z, does not count. */
export function runningTimeout(milliseconds: number, then: () => void): { clear(): void } {
  let left = milliseconds;
  let timer: NodeJS.Timeout;
  const next = (): void => {
    const from = performance.now();
    timer = setTimeout(
      () => {
        left -= Math.min(performance.now() - from, STEP_MS);
        if (left <= 0) then();
        else next();
      },
      Math.min(left, LOOK_MS),
    );
  };
  next();
  return { clear: () => clearTimeout(timer) };
}
