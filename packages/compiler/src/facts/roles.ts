import type { Shape } from "@sluice/tensor";
import type { Node } from "@sluice/tensor/internal";
import { factsOf, type NodeWith, type Role } from "./facts.ts";

/** The role of an operation. */
export function roleOf({ operation }: Node): Role {
  return factsOf(operation).role;
}

/** Whether a node's operation is elementwise. */
export function isElementwise(node: Node): node is NodeWith<"elementwise"> {
  return roleOf(node) === "elementwise";
}

/** Whether a node's operation is a view, which moves nothing. */
export function isView(node: Node): node is NodeWith<"view"> {
  return roleOf(node) === "view";
}

/** Whether a node's operation is an anchor, a separate step of the plan. */
export function isAnchor(node: Node): node is NodeWith<"anchor"> {
  return roleOf(node) === "anchor";
}

/** Elementwise operations that cost less to repeat than to load. */
export function isLight({ operation }: Node): boolean {
  return factsOf(operation).cost === "light";
}

/** Operations that take dozens of instructions. */
export function isLong({ operation }: Node): boolean {
  return factsOf(operation).cost === "long";
}

/** Whether a reshape only adds or removes axes of length 1, so that an index of the one is an index of the other. */
export function keepsAxes(from: Shape, to: Shape): boolean {
  const long = (shape: Shape): number[] => shape.filter((n) => n !== 1);
  const [a, b] = [long(from), long(to)];
  return a.length === b.length && a.every((n, i) => n === b[i]);
}
