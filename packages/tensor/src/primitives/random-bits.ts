import { applyOne } from "../apply.ts";
import { TensorError } from "../errors.ts";
import { nth } from "../lists.ts";
import type { Rules } from "../node.ts";
import { threefry2x32 } from "../scalar/index.ts";
import { checkShape, sameShape, sizeOf, type Shape } from "../shape.ts";
import { describe, scalar, type Tensor } from "../tensor.ts";
import { convert } from "./elementwise.ts";
import type { RandomBitsOperation } from "./operation.ts";

/**
 * Threefry-2x32, 20 rounds (Salmon et al. 2011). Element i is word `i mod 2` of the block with counter `(i div 2,
 * stream)`. It is a function of key, stream and position only, so it does not depend on the order of computation.
 */
export const randomBitsRules: Rules<RandomBitsOperation> = {
  op: "randomBits",
  recompute: "costly",
  infer({ shape }, [key, stream]) {
    if (key.dtype !== "i32" || !sameShape(key.shape, [2]))
      throw new TensorError(
        `randomBits: the key is ${key.dtype} ${describe(key)}, expected a key, i32 [2]; make one: key(seed)`,
      );
    if (stream.dtype !== "i32" || stream.shape.length !== 0) {
      throw new TensorError(`randomBits: expected a stream number, i32 [], got ${stream.dtype} ${describe(stream)}`);
    }
    checkShape("randomBits", shape);
    return [{ shape, dtype: "i32" }];
  },
  evaluate({ shape }, [key, stream]) {
    const data = new Int32Array(sizeOf(shape));
    const [k0, k1, c1] = [nth(key.data, 0) >>> 0, nth(key.data, 1) >>> 0, nth(stream.data, 0) >>> 0];
    for (let i = 0; i < data.length; i += 2) {
      const [first, second] = threefry2x32(k0, k1, i >>> 1, c1);
      data[i] = first;
      if (i + 1 < data.length) data[i + 1] = second;
    }
    return [{ kind: "array", shape, dtype: "i32", data }];
  },
  gradient: () => ({ cotangents: [undefined, undefined] }),
};

/**
 * i32 values whose 32 bits are each 0 or 1 with equal probability. Different `stream` numbers give independent values
 * from the same key.
 */
export function randomBits(key: Tensor, shape: Shape, stream: Tensor | number = 0): Tensor {
  const counter = typeof stream === "number" ? scalar(stream | 0, "i32") : convert(stream, "i32");
  return applyOne(randomBitsRules, { op: "randomBits", shape }, [key, counter]);
}
