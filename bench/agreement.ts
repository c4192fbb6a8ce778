import type { ArrayTensor } from "@sluice/tensor";
import type { Named } from "./data.ts";

/**
 * Results have the names of the data: `output` `[batch, time, hidden]`, `grad.x`, `grad.W`, ...; for `adam`, the losses
 * of the first three steps. Two results agree if the largest difference in every tensor, divided by its largest value,
 * is at most this. Sums of a few thousand f32 products in different orders differ by much less.
 */
const tolerance = 2e-4;

/** The first difference, or undefined. */
export function disagreement(ours: Named, theirs: Named): string | undefined {
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  for (const name of names) {
    const [a, b] = [ours[name], theirs[name]];
    if (a === undefined || b === undefined) return `${name} is missing from one of the two`;
    if (a.shape.join() !== b.shape.join())
      return `${name} has shape [${a.shape.join(", ")}] in one and [${b.shape.join(", ")}] in the other`;
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
