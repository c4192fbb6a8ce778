/** The buffers of a defined cell (its own, its inner cells' and its normalizer's) and how they change. */
import type { Normalizer } from "@sluice/norm";
import { isTensor, type Tensor, type Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import { childOf } from "../cell/context.ts";
import type { Inner, InnerObserved } from "./inner-cells.ts";

/** What a step recorded for the update of the buffers. */
export interface Noted {
  /** What the definition's step returned. */
  own: Tree | undefined;
  readonly cells: InnerObserved;
  /** By place, then by part. */
  readonly norm: Record<string, Record<string, Tree>>;
}

export const nothingNoted = (): Noted => ({ own: undefined, cells: {}, norm: {} });

/** What was recorded, as a tree; undefined if nothing was. */
export function observedOf({ own, cells, norm }: Noted): Tree | undefined {
  const parts = {
    ...(own === undefined ? {} : { own }),
    ...(isEmpty(cells) ? {} : { cells }),
    ...(isEmpty(norm) ? {} : { norm }),
  };
  return isEmpty(parts) ? undefined : parts;
}

export interface Updating {
  readonly cells: Inner;
  readonly normalizer: Normalizer | undefined;
  /** The definition's. */
  readonly own: ((buffers: Record<string, Tensor>, observed: Record<string, Tensor>) => Tree) | undefined;
}

/** How a cell's buffers change; undefined if they never do. */
export function updateOf({ cells, normalizer, own }: Updating): Cell["update"] {
  const changes = [own, normalizer?.update, ...Object.values(cells).map(({ update }) => update)];
  if (changes.every((update) => update === undefined)) return undefined;
  return (buffers, observed) => ({
    ...childrenOf(buffers),
    ...childrenOf(own === undefined ? {} : own(tensorsAt(buffers, []), tensorsAt(observed, ["own"]))),
    ...updatedCells(cells, buffers, childOf(observed, "cells")),
    ...(normalizer?.update === undefined ? {} : updatedNorm(normalizer, buffers, childOf(observed, "norm"))),
  });
}

/** An inner cell that is called more than once in a step updates its buffers once per call, in order. */
function updatedCells(cells: Inner, buffers: Tree, observed: Tree): Record<string, Tree> {
  return Object.fromEntries(
    Object.entries(cells).flatMap(([name, { update }]) => {
      if (update === undefined) return [];
      const calls = Object.values(childrenOf(childOf(observed, name)));
      return [[name, calls.reduce((before, call) => update(before, call), childOf(buffers, name))]];
    }),
  );
}

function updatedNorm(normalizer: Normalizer, buffers: Tree, observed: Tree): { norm?: Tree } {
  const before = childOf(buffers, "norm");
  const places = Object.entries(childrenOf(before)).map(([place, parts]) => {
    const after = Object.keys(childrenOf(parts)).map((part) => {
      const [old, seen] = [tensorsAt(parts, [part]), tensorsAt(observed, [place, part])];
      return [part, { ...old, ...(isEmpty(seen) ? {} : normalizer.update?.(old, seen)) }];
    });
    return [place, Object.fromEntries(after)];
  });
  return places.length === 0 ? {} : { norm: Object.fromEntries(places) };
}

/** The entries directly under the root of a tree. */
export function childrenOf(tree: Tree): Record<string, Tree> {
  return isTensor(tree) ? {} : Object.fromEntries(Object.entries<Tree>(tree));
}

/**
 * The tensors directly under a path of a tree; none if the path does not exist, as for a normalizer without parameters.
 */
export function tensorsAt(tree: Tree, path: readonly string[]): Record<string, Tensor> {
  const below = path.reduce(childOf, tree);
  return Object.fromEntries(
    Object.entries(childrenOf(below)).filter((entry): entry is [string, Tensor] => isTensor(entry[1])),
  );
}

const isEmpty = (of: object): boolean => Object.keys(of).length === 0;
