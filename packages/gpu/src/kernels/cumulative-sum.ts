import type { Tensor } from "@sluice/tensor";
import { binary, select } from "./arithmetic.ts";
import type { Index } from "./position.ts";
import type { Reader } from "./reader.ts";
import { bool, type Scalar } from "./scalar.ts";
import { assign, zero } from "./variable.ts";

/** The sum of the elements up to this one along an axis; reversed, from this one on. */
export function cumulativeSum(reader: Reader, x: Tensor, axis: number, reverse: boolean, index: readonly Index[]): Scalar {
  const { body } = reader;
  for (const i of index) body.code(i);
  const own = body.code(index[axis]!);
  const total = zero(body, x.dtype);
  body.loop(0, x.shape[axis]!, 1, (k) => {
    const counts = bool(body.define(`counts ${body.code(k)}`, () => `${body.code(k)} ${reverse ? ">=" : "<="} ${own} ? 1.0 : 0.0`));
    const element = reader.value(x, index.map((i, a) => (a === axis ? k : i)));
    assign(body, total, select(body, counts, binary(body, "add", total, element), total));
  });
  return total;
}
