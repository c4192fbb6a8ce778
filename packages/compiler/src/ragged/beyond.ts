import { scalar, type Tensor } from "@sluice/tensor";
import { apply, isArray, primitives, type Node, type Operation } from "@sluice/tensor/internal";
import { uniformValue } from "../plan/kernel.ts";
import { isElementwise } from "../plan/roles.ts";

/**
 * What is known of all elements of a value where sequences are over: the number that they are, or that they are 0 of
 * either sign; undefined: nothing. Factors are taken to be finite, which `scan` asks for.
 */
export type Beyond = number | "zero" | undefined;

export const isZero = (x: Beyond): boolean => x === 0 || x === "zero";

export const isPositiveZero = (x: Beyond): boolean => Object.is(x, 0);

export function beyondOfConstant(x: Tensor): Beyond {
  return x.kind === "array" ? (x.uniform ?? uniformValue(x.data)) : undefined;
}

/** Of an elementwise result, from what is known of its operands. */
export function beyondOfElementwise(node: Node, operands: readonly Beyond[]): Beyond {
  const { op } = node.operation;
  const [a, b, c] = operands;
  if (operands.every((x) => typeof x === "number")) return evaluated(node, operands);
  const float = node.outputs[0]!.dtype === "f32";
  switch (op) {
    case "mul":
      return isZero(a) || isZero(b) ? (float ? "zero" : 0) : undefined;
    case "div":
    case "neg":
      return isZero(a) ? "zero" : undefined;
    case "abs":
      return isZero(a) ? 0 : undefined;
    case "add":
      return isZero(a) && isZero(b) ? (isPositiveZero(a) || isPositiveZero(b) ? 0 : "zero") : undefined;
    case "sub":
      return isZero(a) && isZero(b) ? (isPositiveZero(a) ? 0 : "zero") : undefined;
    case "select":
      return typeof a === "number" ? (a === 0 ? c : b) : weakest([b, c]);
    case "and":
      return a === 0 || b === 0 ? 0 : undefined;
    case "or":
      return a === 1 || b === 1 ? 1 : undefined;
    case "expm1":
    case "log1p":
    case "sqrt":
    case "tanh":
      return isZero(a) ? "zero" : undefined;
    case "convert":
      return isZero(a) ? (float ? "zero" : 0) : undefined;
    default:
      return undefined;
  }
}

/** Of one element, by the operation's definition. */
function evaluated(node: Node, operands: readonly number[]): Beyond {
  if (!isElementwise(node)) return undefined;
  const operation: Operation = node.operation;
  const result = apply(
    primitives[operation.op],
    operation,
    operands.map((value, i) => scalar(value, node.inputs[i]!.dtype)),
  )[0]!;
  const value = isArray(result) ? result.data[0]! : NaN;
  return Number.isNaN(value) ? undefined : value;
}

/** Of a joined value: what holds for all of its parts. */
export function weakest(parts: readonly Beyond[]): Beyond {
  const [first] = parts;
  if (parts.every((x) => Object.is(x, first))) return first;
  return parts.every(isZero) ? "zero" : undefined;
}

/** Of a concatenation, or of padding with zeros. */
export function beyondOfAssembly({ operation }: Node, operands: readonly Beyond[]): Beyond {
  return weakest(operation.op === "pad" ? [...operands, 0] : operands);
}

/** Of a reduction or a product, whose sums start from +0. */
export function beyondOfSum({ operation: { op }, inputs }: Node, [a, b]: readonly Beyond[]): Beyond {
  if (op === "matmul") return isZero(a) || (isZero(b) && inputs[1]!.shape.length > 2) ? 0 : undefined;
  if (op === "reduceMax") return a;
  return (op === "reduceSum" || op === "cumulativeSum") && isZero(a) ? 0 : undefined;
}
