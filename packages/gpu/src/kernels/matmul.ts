import { type Tensor } from "@sluice/tensor";
import { PRODUCT_BLOCK, nth } from "@sluice/tensor/internal";
import { sumInBlocks } from "./pairwise.ts";
import { fixed, plus, type Index } from "./position.ts";
import type { Reader } from "./reader.ts";
import { codeOf, float, type FloatScalar } from "./scalar.ts";

/** How many products are added per iteration of the loop. */
const TURN = 4;

/**
 * An element of the product [..., m, k] x [..., k, n]. Products are added a few at a time, in order of the inner index,
 * in blocks.
 */
export function product({ body, value }: Reader, a: Tensor, b: Tensor, index: readonly Index[]): FloatScalar {
  const batch = index.slice(0, -2);
  const [row, column] = [nth(index, batch.length), nth(index, batch.length + 1)];
  const products = (from: Index, count: number): string => {
    const terms = Array.from({ length: count }, (_, step) => {
      const k = plus(from, fixed(step));
      return `${codeOf(value(a, [...batch, row, k]))} * ${codeOf(value(b, [...batch, k, column]))}`;
    });
    return terms.join(" + ");
  };
  const total = sumInBlocks(body, nth(a.shape, batch.length + 1), PRODUCT_BLOCK, (sum, from, count) => {
    const whole = count - (count % TURN);
    if (whole > 0) body.loop(0, whole, TURN, (k) => body.line(`${sum} = ${sum} + (${products(plus(from, k), TURN)});`));
    if (count > whole) body.line(`${sum} = ${sum} + (${products(plus(from, fixed(whole)), count - whole)});`);
  });
  return float(total);
}
