import { and, convert, iota, lessEqual, reshape, TensorError, type Tensor } from "@sluice/tensor";
import type { SeenModality } from "../seen.ts";

/**
 * Which keys a query sees, bool `[batch, 1, queries or 1, keys or 1]`: none if it is not present itself. Undefined if
 * all see all.
 */
export function keysSeen(queries: SeenModality, keys: SeenModality, causal: boolean): Tensor | undefined {
  const along = (flags: Tensor, axis: 2 | 3): Tensor => {
    const shape = [flags.shape[0] ?? 1, 1, 1, 1];
    shape[axis] = flags.shape[1] ?? 1;
    return reshape(flags, shape);
  };
  const masks = [
    ...(queries.present ? [along(queries.present, 2)] : []),
    ...(keys.present ? [along(keys.present, 3)] : []),
    ...(causal ? [lessEqual(along(timesOf(keys, queries), 3), along(timesOf(queries, keys), 2))] : []),
  ];
  return masks.length === 0 ? undefined : masks.reduce(and);
}

/** `[batch, time]` */
function timesOf({ name, x, times }: SeenModality, other: SeenModality): Tensor {
  if (times !== undefined) return times;
  if (other.times !== undefined) throw new TensorError(`causal needs the times of both modalities; ${name} has none`);
  return convert(iota(x.shape.slice(0, 2), { axis: 1 }), x.dtype);
}
