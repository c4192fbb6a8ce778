import { add, mul, type Program, type Tensor } from "@sluice/tensor";
import { apply, isArray, isFloat, isNodeOf } from "@sluice/tensor/internal";
import { rewrite, rewriteScans } from "./rewrite.ts";

/**
 * Simplify: removes operations that change no bit: x * 1, x / 1, x - 0, and -(-x). A gradient begins with a factor of
 * 1. Products of a column and a row, as in the gradient of a memory that is read, become elementwise products, which
 * are computed where they are needed.
 */
export function simplify(program: Program): Program {
  return simplifyBlock(
    rewriteScans(program, (operation, inputs, node) =>
      apply(node.rules, { ...operation, body: simplifyBlock(operation.body) }, inputs),
    ),
  );
}

function simplifyBlock(program: Program): Program {
  return rewrite(program, ({ operation }, [a, b]) => {
    if (a?.kind === "symbol" && operation.op === "neg" && isNodeOf(a.node, "neg")) return a.node.inputs;
    if (a === undefined || b === undefined) return undefined;
    switch (operation.op) {
      case "mul":
        return isAll(a, 1) ? [b] : isAll(b, 1) ? [a] : undefined;
      case "div":
        return isAll(b, 1) ? [a] : undefined;
      case "sub":
        return isAll(b, 0) ? [a] : undefined;
      case "matmul":
        return isOuter(a) ? [outer(a, b)] : undefined;
      default:
        return undefined;
    }
  });
}

/** Whether a product is one of columns and rows, one for each batch entry. */
const isOuter = ({ shape }: Tensor): boolean => shape.length > 2 && shape.at(-1) === 1;

/** The product of columns and rows. A sum of products begins with +0, so adding it keeps the sign of a zero. */
const outer = (column: Tensor, row: Tensor): Tensor => add(mul(column, row), 0);

/** Whether a constant is `value` everywhere. 0 means +0, because x - (-0) is another value for x = -0. */
function isAll(x: Tensor, value: number): boolean {
  if (!isArray(x) || !isFloat(x.dtype)) return false;
  return x.uniform === undefined ? x.data.every((v) => Object.is(v, value)) : Object.is(x.uniform, value);
}
