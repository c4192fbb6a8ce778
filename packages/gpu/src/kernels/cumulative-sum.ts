import { type Tensor } from "@sluice/tensor";
import { SUM_BLOCK, nth } from "@sluice/tensor/internal";
import { binary, select } from "./arithmetic.ts";
import { oneByOne, sumInBlocks } from "./pairwise.ts";
import type { Index } from "./position.ts";
import type { Reader } from "./reader.ts";
import { bool, codeOf, float, type Scalar } from "./scalar.ts";
import { assign, zero } from "./variable.ts";

/** The sum of the elements along an axis up to this one; from this one on if reversed. */
export function cumulativeSum(
  reader: Reader,
  x: Tensor,
  axis: number,
  reverse: boolean,
  index: readonly Index[],
): Scalar {
  const { body } = reader;
  for (const i of index) body.code(i);
  const own = body.code(nth(index, axis));
  const countsAt = (k: Index) =>
    bool(body.define(`counts ${body.code(k)}`, () => `${body.code(k)} ${reverse ? ">=" : "<="} ${own} ? 1.0 : 0.0`));
  const termAt = (k: Index): Scalar =>
    reader.value(
      x,
      index.map((i, a) => (a === axis ? k : i)),
    );
  if (x.dtype === "f32")
    return float(
      sumInBlocks(
        body,
        nth(x.shape, axis),
        SUM_BLOCK,
        oneByOne(body, (k) => codeOf(select(body, countsAt(k), termAt(k), float("0.0")))),
      ),
    );
  const total = zero(body, x.dtype);
  body.loop(0, nth(x.shape, axis), 1, (k) =>
    assign(body, total, select(body, countsAt(k), binary(body, "add", total, termAt(k)), total)),
  );
  return total;
}
