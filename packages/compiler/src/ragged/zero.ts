import type { Node, Operation, Tensor } from "@sluice/tensor";
import { uniformValue } from "../plan/kernel.ts";

/**
 * How much is known of a value where sequences are over: that it is +0 there, or 0 of either sign; undefined: nothing. Factors are taken to be finite, which
 * `scan` asks for.
 */
export type Zero = "positive" | "signed" | undefined;

export function zeroOfConstant(x: Tensor): Zero {
  if (x.kind !== "array") return undefined;
  const value = x.uniform ?? uniformValue(x.data);
  return value === 0 ? (Object.is(value, 0) ? "positive" : "signed") : undefined;
}

/** Of an elementwise result, from what is known of its operands. */
export function zeroOfElementwise({ op }: Operation, operands: readonly Zero[]): Zero {
  const [a, b] = operands;
  switch (op) {
    case "mul":
      return a !== undefined || b !== undefined ? "signed" : undefined;
    case "div":
    case "neg":
      return a === undefined ? undefined : "signed";
    case "add":
      return a !== undefined && b !== undefined ? (a === "positive" || b === "positive" ? "positive" : "signed") : undefined;
    case "sub":
      return a !== undefined && b !== undefined ? a : undefined;
    case "select":
      return weakest(operands.slice(1));
    case "sqrt":
    case "tanh":
      return a;
    default:
      return undefined;
  }
}

/** Of a joined value: what holds for all of its parts. */
export function weakest(parts: readonly Zero[]): Zero {
  if (parts.includes(undefined)) return undefined;
  return parts.includes("signed") ? "signed" : "positive";
}

/** Of a reduction or a product, whose sums start from +0. */
export function zeroOfSum(node: Node, operands: readonly Zero[]): Zero {
  const { op } = node.operation;
  const [a, b] = operands;
  if (op === "matmul") return a !== undefined || (b !== undefined && node.inputs[1]!.shape.length > 2) ? "positive" : undefined;
  return (op === "reduceSum" || op === "cumulativeSum") && a !== undefined ? "positive" : undefined;
}
