import { fixed, plus, type Index } from "./position.ts";
import type { Reader } from "./reader.ts";
import { codeOf, float, type FloatScalar } from "./scalar.ts";
import type { Tensor } from "@sluice/tensor";

/** Products added in one turn of the loop. */
const BLOCK = 4;

/** An element of [..., m, k] x [..., k, n]: blocks of products, added in order of the inner index. */
export function product({ body, value }: Reader, a: Tensor, b: Tensor, index: readonly Index[]): FloatScalar {
  const inner = a.shape.at(-1)!;
  const batch = index.slice(0, -2);
  const [row, column] = index.slice(-2);
  const total = body.declare("0.0");
  const products = (from: Index, count: number): string[] =>
    Array.from({ length: count }, (_, step) => {
      const k = plus(from, fixed(step));
      return `${codeOf(value(a, [...batch, row!, k]))} * ${codeOf(value(b, [...batch, k, column!]))}`;
    });
  const whole = inner - (inner % BLOCK);
  if (whole > 0) {
    body.loop(0, whole, BLOCK, (k) => body.line(`${total} = ${total} + (${products(k, BLOCK).join(" + ")});`));
  }
  if (inner > whole) body.line(`${total} = ${total} + (${products(fixed(whole), inner - whole).join(" + ")});`);
  return float(total);
}

