import { tensor, type ArrayTensor } from "@sluice/tensor";
import { allocate } from "@sluice/tensor/internal";

/** Indices `from` up to, but not including, `to`. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Ranges of the first axis, one after another. */
export function joined(x: ArrayTensor, ranges: readonly Range[]): ArrayTensor {
  const width = x.shape[1] ?? 1;
  const length = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
  const data = allocate(x.dtype, length * width);
  let at = 0;
  for (const { from, to } of ranges) {
    data.set(x.data.subarray(from * width, to * width), at * width);
    at += to - from;
  }
  return tensor(data, [length, ...x.shape.slice(1)], { dtype: x.dtype });
}
