import { type Tensor } from "@sluice/tensor";
import { SUM_BLOCK, nth } from "@sluice/tensor/internal";
import { binary } from "./arithmetic.ts";
import { oneByOne, sumInBlocks } from "./pairwise.ts";
import { fixed, type Index } from "./position.ts";
import type { Reader } from "./reader.ts";
import { codeOf, float, type Scalar } from "./scalar.ts";
import { assign, zero } from "./variable.ts";

/** The sum along an axis, in blocks, or the maximum. */
export function reduction(reader: Reader, op: "add" | "max", x: Tensor, axis: number, index: readonly Index[]): Scalar {
  const { body } = reader;
  const length = nth(x.shape, axis);
  const at = (k: Index): Index[] => [...index.slice(0, axis), k, ...index.slice(axis)];
  if (op === "add" && x.dtype === "f32")
    return float(
      sumInBlocks(
        body,
        length,
        SUM_BLOCK,
        oneByOne(body, (k) => codeOf(reader.value(x, at(k)))),
      ),
    );
  const total = zero(body, x.dtype);
  // The maximum starts with an element, because a literal cannot be -infinity.
  const start = op === "max" ? 1 : 0;
  if (start === 1) assign(body, total, reader.value(x, at(fixed(0))));
  if (length > start)
    body.loop(start, length, 1, (k) => assign(body, total, binary(body, op, total, reader.value(x, at(k)))));
  return total;
}
