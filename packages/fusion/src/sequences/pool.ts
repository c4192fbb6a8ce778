import {
  add,
  and,
  convert,
  div,
  equal,
  full,
  greater,
  iota,
  isTensor,
  max,
  mul,
  onesLike,
  reduceMax,
  reshape,
  select,
  sliceAxis,
  sum,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import type { DescribedModality, Modality } from "../fusion.ts";
import { givenModality } from "../modalities.ts";
import { seen } from "../seen.ts";

/** Options of {@link pool}. */
export interface PoolOptions {
  /** The mean over a row's steps, or its last step. */
  readonly by: "mean" | "last";
}

/**
 * Turns a sequence into a vector, for a fusion of vectors: the mean over each row's steps, or its last step,
 * `[batch, width]`. Only steps within the row's length and present count. The result is a modality too: a row without
 * any step is not present, and its vector is 0.
 */
export function pool(sequence: Modality, options: PoolOptions): DescribedModality {
  checkOptions("pool", options, ["by"], { type: "by", mode: "by" });
  const { by } = options;
  if (by !== "mean" && by !== "last")
    throw new TensorError(`pool: unknown way ${String(by)}; ${suggestion(String(by), ["mean", "last"])}`);
  const { x: given }: { readonly x?: unknown } = isTensor(sequence) ? { x: sequence } : Object(sequence);
  const width = isTensor(given) ? (given.shape.at(-1) ?? 1) : 1;
  const { x, present } = seen(givenModality("pool", "x", { kind: "sequence", width }, sequence));
  const [batch = 0, time = 0] = x.shape;
  if (time === 0) return { x: sum(x, 1), present: full([batch], 0, "bool") };
  if (present === undefined)
    return { x: by === "mean" ? div(sum(x, 1), time) : reshape(sliceAxis(x, 1, time - 1, time), [batch, width]) };
  const flags = select(present, onesLike(sliceAxis(x, 2, 0, 1)), 0);
  const count = sum(flags, 1);
  return {
    x: by === "mean" ? div(sum(x, 1), max(count, 1)) : sum(select(lastOf(flags), x, 0), 1),
    present: reshape(greater(count, 0), [batch]),
  };
}

/** bool `[batch, time, 1]`: true at the last step at which `flags` is 1. */
function lastOf(flags: Tensor): Tensor {
  const numbers = mul(flags, add(convert(iota(flags.shape, { axis: 1 }), flags.dtype), 1));
  return and(equal(numbers, reduceMax(numbers, 1, { keep: true })), greater(numbers, 0));
}
