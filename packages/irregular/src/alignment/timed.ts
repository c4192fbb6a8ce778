/** Sequences with times of their own, and a clock. */
import { isTensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { hasMembers, nth, shown } from "@sluice/tensor/internal";
import { checkArray, checkTimes } from "../records/check-parts.ts";
import type { Variable } from "../records/observations.ts";

/** Times by row: row `i` has those from `offsets[i]` up to, but not including, `offsets[i + 1]`. They increase. */
export interface Clock {
  /** i32 `[rows + 1]` */
  readonly offsets: ArrayTensor;
  /** f64 `[steps]`, in a unit that all sequences share. */
  readonly times: ArrayTensor;
}

/** Sequences with times of their own. Observations are such, and a ragged batch with `times` beside. */
export interface TimedSequences extends Clock {
  /** `[steps, features]`, f32 or f64. */
  readonly values: ArrayTensor;
  /** bool `[steps, features]`: which values were observed. Default: all. */
  readonly mask?: ArrayTensor;
  /** What each feature is, as observations have it. Of one with categories there is no mean and no line. */
  readonly variables?: readonly Variable[];
}

/** Throws a TensorError if the parts do not fit each other, or if the times of a row do not increase. */
export function checkClock(place: string, clock: Clock): void {
  if (!hasMembers(clock, { offsets: "object", times: "object" }))
    throw new TensorError(`${place} is ${shown(clock)}, expected { offsets, times }`);
  const { offsets, times } = clock;
  const steps = isTensor(times) ? (times.shape[0] ?? 0) : 0;
  checkArray(`${place}.times`, times, "f64 [steps]", ["f64"], [steps]);
  const rows = isTensor(offsets) ? (offsets.shape[0] ?? 1) : 1;
  checkArray(`${place}.offsets`, offsets, "i32 [rows + 1]", ["i32"], [Math.max(1, rows)]);
  checkTimes(place, clock);
}

/** Throws a TensorError if values or mask do not fit the times. */
export function checkTimed(place: string, given: TimedSequences): void {
  checkClock(place, given);
  const { values, mask, times } = given;
  const steps = nth(times.shape, 0);
  const features = isTensor(values) ? (values.shape[1] ?? 0) : 0;
  checkArray(`${place}.values`, values, `f32 or f64 [${steps},features]`, ["f32", "f64"], [steps, features]);
  if (mask !== undefined) checkArray(`${place}.mask`, mask, `bool [${steps},${features}]`, ["bool"], [steps, features]);
}
