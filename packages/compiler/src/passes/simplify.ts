import { type Program, type Tensor } from "@sluice/tensor";
import { apply, isArray, isFloat, isNodeOf } from "@sluice/tensor/internal";
import { rewrite, rewriteScans } from "./rewrite.ts";

/**
 * Simplify: removes operations that change no bit: x * 1, x / 1, x - 0, and -(-x). A gradient begins with a factor of
 * 1.
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
      default:
        return undefined;
    }
  });
}

/** Whether a constant is `value` everywhere. 0 means +0, because x - (-0) is another value for x = -0. */
function isAll(x: Tensor, value: number): boolean {
  if (!isArray(x) || !isFloat(x.dtype)) return false;
  return x.uniform === undefined ? x.data.every((v) => Object.is(v, value)) : Object.is(x.uniform, value);
}
