import { iota, less, not, or, reshape, scan, select, type Tensor } from "@sluice/tensor";
import { zerosArray } from "@sluice/tensor/internal";
import { axisSize, batchAndTime, swapTime } from "../cell/axes.ts";
import type { ApplyOptions } from "./layer.ts";
import { flagsOf, stepsOf } from "./looked-at.ts";

type Given = Pick<ApplyOptions, "mask" | "maskedOutput" | "lengths" | "present" | "resets">;

/**
 * The output `[batch, time, ...]` of a layer without states if `maskedOutput` is `repeat`. A masked step repeats the
 * output of the row's last unmasked step, or gives zeros if there is none yet. Steps beyond the length are unchanged.
 */
export function repeatMasked(name: string, y: Tensor, given: Given): Tensor {
  if (given.mask === undefined || given.maskedOutput !== "repeat" || y.shape.length < 3) return y;
  const size = batchAndTime(y);
  const { batch, time } = size;
  const mask = flagsOf(name, "mask", given.mask, size);
  const lengths = stepsOf(name, given, size);
  const beyond = lengths && not(less(reshape(iota([time]), [1, time]), reshape(lengths, [batch, 1])));
  const taken = beyond === undefined ? mask : or(mask, beyond);
  const { output } = scan(
    ({ last }: { last: Tensor }, { now, keep, reset }: { now: Tensor; keep: Tensor; reset?: Tensor }) => {
      const before = reset === undefined ? last : select(rowsOf(reset, last), 0, last);
      const next = select(rowsOf(keep, now), now, before);
      return { state: { last: next }, output: next };
    },
    { last: zerosArray([batch, ...y.shape.slice(2)], y.dtype) },
    {
      now: swapTime(y),
      keep: swapTime(taken),
      ...(given.resets && { reset: swapTime(flagsOf(name, "resets", given.resets, size)) }),
    },
    { length: time },
  );
  return swapTime(output);
}

/** bool [batch] as a condition on the rows of `x` [batch, ...]. */
export function rowsOf(condition: Tensor, x: Tensor): Tensor {
  return reshape(condition, [axisSize(condition, 0), ...x.shape.slice(1).map(() => 1)]);
}
