/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error("median: no values");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Runs to take together, so that one sample lasts at least `least` milliseconds. */
export function runsFor(milliseconds: number, least = 20): number {
  return Math.max(1, Math.ceil(least / Math.max(milliseconds, 0.001)));
}

/**
 * Samples of several things in turns: a round takes one of each, in the order given, and the next begins with another,
 * so that neither drift of the machine nor what ran just before falls on one alone.
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
