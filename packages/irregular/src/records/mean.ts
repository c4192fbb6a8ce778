/** The mean, with the same bits for any order of the values. It is finite, even if their sum is not. */
export function meanOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const sum = sorted.reduce((total, value) => total + value, 0);
  return Number.isFinite(sum) ? sum / sorted.length : sorted.reduce((mean, value) => mean + value / sorted.length, 0);
}
