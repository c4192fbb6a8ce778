import type { Tensor } from "@sluice/tensor";
import type { Node } from "@sluice/tensor/internal";
import type { Place } from "../kernels/source.ts";
import { placeAt, type Memory } from "./scope.ts";
import { isAnchor } from "./storage.ts";

/**
 * Who needs a value beyond its block: a loop stacks it, a loop or the program carries it to the next step, or the
 * caller reads it.
 */
export type Role = "stacked" | "carried" | "returned";

/** A value to be written. */
export interface Item {
  readonly tensor: Tensor;
  /** It is read from where it lies, not computed. */
  readonly copied: boolean;
  readonly roles: Set<Role>;
  /** Launches of a level need those of lower ones only. */
  level: number;
  place: Place;
}

export function newItem(memory: Memory, tensor: Tensor, level: number, copied: boolean): Item {
  return { tensor, copied, roles: new Set(), level, place: placeAt(memory.provisional(), 0, tensor) };
}

/** Gives an item a role; false where it needs a copy. `read`: values that kernels read. */
export function claim({ tensor, roles }: Item, role: Role, read: ReadonlySet<Node>): boolean {
  if (roles.has("returned")) return role === "returned";
  if (role === "carried" && roles.has("carried")) return false;
  // Results are read back, so they share a buffer with nothing else.
  if (role === "returned" && (roles.size > 0 || tensor.kind === "array" || read.has(tensor.node))) return false;
  roles.add(role);
  return true;
}

/** Whether it may share a launch with others. */
export function isPackable({ tensor, copied }: Item): boolean {
  if (copied || tensor.kind === "array") return true;
  const { op } = tensor.node.operation;
  return !isAnchor(tensor.node) || op === "reduceSum" || op === "reduceMax";
}

/** What is stacked comes first in a buffer, so that a loop stacks one range of it. */
export function rank({ roles }: Item): number {
  return roles.has("stacked") ? 0 : 1;
}
