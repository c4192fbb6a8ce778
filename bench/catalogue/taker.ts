import { runsFor } from "../statistics.ts";

/** Warms a program up. What is returned takes a sample of its time, in milliseconds per run. */
export async function taker(run: () => Promise<unknown>, warmMilliseconds: number): Promise<() => Promise<number>> {
  const sample = async (runs: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < runs; i++) await run();
    return (performance.now() - start) / runs;
  };
  const begun = performance.now();
  while (performance.now() - begun < warmMilliseconds) await sample(1);
  const runs = runsFor(await sample(2));
  return () => sample(runs);
}
