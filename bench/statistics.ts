/** The median. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("median: no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** The number of runs per sample, so that a sample takes at least `least` milliseconds. */
export function runsFor(milliseconds: number, least = 20): number {
  return Math.max(1, Math.ceil(least / Math.max(milliseconds, 0.001)));
}

/**
 * Takes samples of several contenders in turns. A round takes one sample of each in the given order, and every round
 * begins with another one. So neither drift of the machine nor the contender before favors one of them.
 */
export async function inTurns<K>(
  takers: readonly (readonly [K, () => Promise<number>])[],
  rounds: number,
): Promise<Map<K, number[]>> {
  const samples = new Map<K, number[]>(takers.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < takers.length; i++) {
      const [name, take] = takers[(i + round) % takers.length]!;
      samples.get(name)!.push(await take());
    }
  }
  return samples;
}
