import { factsOf, readingOf } from "@sluice/compiler";
import type { Tensor } from "@sluice/tensor";
import type { Node } from "@sluice/tensor/internal";
import type { BufferLocation } from "../kernels/source.ts";
import { placeAt, type Memory } from "./scope.ts";
import { isAnchor } from "./storage.ts";

/**
 * What needs a value after its block: a loop stacks it, a loop or the program carries it to the next step, or the
 * caller reads it.
 */
export type Role = "stacked" | "carried" | "returned";

/** A value to write. */
export interface Item {
  readonly tensor: Tensor;
  /** Whether the value is copied from its buffer instead of computed. */
  readonly copied: boolean;
  readonly roles: Set<Role>;
  /** A launch depends only on launches of lower levels. */
  level: number;
  place: BufferLocation;
}

export function newItem(memory: Memory, tensor: Tensor, level: number, copied: boolean): Item {
  return { tensor, copied, roles: new Set(), level, place: placeAt(memory.provisional(), 0, tensor) };
}

/** Gives an item a role. False if the role needs a copy of it. `read` are the values that kernels read. */
export function claim({ tensor, roles }: Item, role: Role, read: ReadonlySet<Node>): boolean {
  if (roles.has("returned")) return role === "returned";
  if (role === "carried" && roles.has("carried")) return false;
  // Results are read back, so nothing else may share their buffer.
  if (role === "returned" && (roles.size > 0 || tensor.kind === "array" || read.has(tensor.node))) return false;
  roles.add(role);
  return true;
}

/** Whether the item may share a launch with others. */
export function isPackable({ tensor, copied }: Item): boolean {
  if (copied || tensor.kind === "array") return true;
  return !isAnchor(tensor.node) || readingOf(factsOf(tensor.node.operation), 0) === "once";
}

/** Stacked values come first in a buffer, so that a loop stacks one range of it. */
export function rank({ roles }: Item): number {
  return roles.has("stacked") ? 0 : 1;
}
