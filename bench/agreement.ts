import type { ArrayTensor } from "@sluice/tensor";
import type { Named } from "./data.ts";

/**
 * Results are named as the data are: `output` `[batch, time, hidden]`, `grad.x`, `grad.W`, ...; of `adam` the losses of
 * the first three steps. Two agree where every tensor's largest difference is at most this share of its largest value:
 * sums of a few thousand f32 products, taken in different orders, stay well within.
 */
const tolerance = 2e-4;

/** What is wrong, or undefined. */
export function disagreement(ours: Named, theirs: Named): string | undefined {
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  for (const name of names) {
    const [a, b] = [ours[name], theirs[name]];
    if (a === undefined || b === undefined) return `${name} is there only once`;
    if (a.shape.join() !== b.shape.join()) return `${name} is [${a.shape.join(", ")}] and [${b.shape.join(", ")}]`;
    const error = relativeError(a, b);
    if (!(error <= tolerance)) return `${name} differs by ${error.toPrecision(2)} of its largest value`;
  }
  return undefined;
}

function relativeError({ data: a }: ArrayTensor, { data: b }: ArrayTensor): number {
  let [difference, largest] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (Number.isNaN(d)) return d;
    difference = Math.max(difference, d);
    largest = Math.max(largest, Math.abs(b[i]!));
  }
  return largest === 0 ? difference : difference / largest;
}
