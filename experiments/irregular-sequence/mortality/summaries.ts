import { tensor, valuesOf, type ArrayTensor } from "@sluice/tensor";
import type { Stay } from "./stays.ts";

/** Mean, last, least and greatest value of each variable, and how often it was measured. */
const perVariable = 5;

/** How many numbers describe a stay. */
const summarySize = (variables: number, statics: number): number => perVariable * variables + statics;

/**
 * What a doctor without a network may look at, `[rows, summarySize]`: summaries of each variable over the stay, 0 where
 * it was never measured, and the static variables. Counts are in units of ten.
 */
export function summariesOf({ x, mask, lengths, statics }: Stay): ArrayTensor {
  const [rows = 0, steps = 0, variables = 0] = x.shape;
  const still = statics.shape[1] ?? 0;
  const size = summarySize(variables, still);
  const [values, observed, counts] = [valuesOf(x), valuesOf(mask), valuesOf(lengths)];
  const fixed = valuesOf(statics);
  const summaries = new Float32Array(rows * size);
  for (let row = 0; row < rows; row++) {
    for (let variable = 0; variable < variables; variable++) {
      let [count, sum, last, least, greatest] = [0, 0, 0, Infinity, -Infinity];
      for (let step = 0; step < (counts[row] ?? 0); step++) {
        const at = (row * steps + step) * variables + variable;
        if (!observed[at]) continue;
        last = values[at] ?? 0;
        count++;
        sum += last;
        least = Math.min(least, last);
        greatest = Math.max(greatest, last);
      }
      const own = count === 0 ? [0, 0, 0, 0, 0] : [sum / count, last, least, greatest, count / 10];
      summaries.set(own, row * size + perVariable * variable);
    }
    for (let i = 0; i < still; i++) summaries[(row + 1) * size - still + i] = fixed[row * still + i] ?? 0;
  }
  return tensor(summaries, [rows, size]);
}
