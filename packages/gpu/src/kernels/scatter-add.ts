import { type Tensor } from "@sluice/tensor";
import { sizeOf, SUM_BLOCK, nth } from "@sluice/tensor/internal";
import { binary, select } from "./arithmetic.ts";
import { oneByOne, sumInBlocks } from "./pairwise.ts";
import type { Index } from "./position.ts";
import { rowOf, type Reader } from "./reader.ts";
import { bool, codeOf, float, type Scalar } from "./scalar.ts";
import { assign, zero } from "./variable.ts";
import { decode } from "./view.ts";

/**
 * An element of the result: the sum of the updates that `indices` send to its row. Each thread gathers the updates for
 * its own element, because a thread cannot write any other.
 */
export function scatterAdd(
  reader: Reader,
  indices: Tensor,
  updates: Tensor,
  rows: number,
  index: readonly Index[],
): Scalar {
  const { body } = reader;
  const own = body.code(nth(index, 0));
  const count = sizeOf(indices.shape);
  const update = (k: Index) => {
    const from = decode(body, k, indices.shape);
    const mine = bool(
      body.define(
        `mine ${body.code(k)}`,
        () => `${body.code(rowOf(reader, indices, from, rows))} === ${own} ? 1.0 : 0.0`,
      ),
    );
    return { mine, element: reader.value(updates, [...from, ...index.slice(1)]) };
  };
  if (updates.dtype === "f32") {
    const term = (k: Index): string => {
      const { mine, element } = update(k);
      return codeOf(select(body, mine, element, float("0.0")));
    };
    return float(sumInBlocks(body, count, SUM_BLOCK, oneByOne(body, term)));
  }
  const total = zero(body, updates.dtype);
  if (count === 0) return total;
  body.loop(0, count, 1, (k) => {
    const { mine, element } = update(k);
    assign(body, total, select(body, mine, binary(body, "add", total, element), total));
  });
  return total;
}
