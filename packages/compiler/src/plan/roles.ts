import type { Shape } from "@sluice/tensor";
import type { BinaryName, Node, Operation, UnaryName } from "@sluice/tensor/internal";

/**
 * What an operation is to the planner: elementwise work is fused, a view moves nothing, an assembly is filled in place
 * by what it is made of, and an anchor is a step of its own.
 */
export type Role = "elementwise" | "view" | "assembly" | "anchor" | "input";

export function roleOf(node: Node): Role {
  switch (node.operation.op) {
    case "input":
      return "input";
    case "broadcast":
    case "name":
    case "reshape":
    case "slice":
    case "stopGradient":
    case "transpose":
      return "view";
    case "concat":
    case "pad":
      return "assembly";
    case "checkpoint":
    case "cumulativeSum":
    case "gather":
    case "iota":
    case "matmul":
    case "randomBits":
    case "reduceMax":
    case "reduceSum":
    case "scan":
    case "scatterAdd":
      return "anchor";
    default:
      return "elementwise";
  }
}

type ElementwiseOperation = Extract<Operation, { op: UnaryName | BinaryName | "convert" | "select" }>;

export function isElementwise(node: Node): node is Node & { readonly operation: ElementwiseOperation } {
  return roleOf(node) === "elementwise";
}

/** Elementwise operations that cost less to repeat than to load. */
const light: ReadonlySet<Operation["op"]> = new Set<Operation["op"]>([
  "abs",
  "add",
  "and",
  "convert",
  "equal",
  "less",
  "lessEqual",
  "max",
  "min",
  "mul",
  "neg",
  "not",
  "or",
  "select",
  "sub",
]);

export function isLight(node: Node): boolean {
  return light.has(node.operation.op);
}

/** Operations that take dozens of instructions. */
const long: ReadonlySet<Operation["op"]> = new Set<Operation["op"]>([
  "exp",
  "expm1",
  "log",
  "log1p",
  "sigmoid",
  "tanh",
]);

export function isLong({ operation }: { readonly operation: Operation }): boolean {
  return long.has(operation.op);
}

/** Whether a reshape only adds or removes axes of length 1, so that an index of the one is an index of the other. */
export function keepsAxes(from: Shape, to: Shape): boolean {
  const long = (shape: Shape): number[] => shape.filter((n) => n !== 1);
  const [a, b] = [long(from), long(to)];
  return a.length === b.length && a.every((n, i) => n === b[i]);
}
