import {
  abs,
  and,
  leavesOf,
  less,
  not,
  or,
  select,
  TensorError,
  zipTrees,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isFloat, matchTree, sameShape, showShape, treeFrom } from "@sluice/tensor/internal";

/** The carry of a training step that carries nothing: a tree without tensors. */
export type NoCarry = Readonly<Record<never, Tensor>>;

export function initialCarry<C extends Tree>(options: { readonly carry?: C }): C;
export function initialCarry({ carry = {} }: { readonly carry?: Tree }): Tree {
  return carry;
}

/** The returned carry, checked to be nested like `before`. Error messages start with `whose`: `trainStep: the loss`. */
export function checkCarry<C extends Tree>(whose: string, before: C, returned: Tree | undefined): C {
  return carriedAlike(whose, "carry", before, returned);
}

/** Checks returned carry or buffers: they must be nested like `before`. */
export function carriedAlike<C extends Tree>(
  whose: string,
  what: "carry" | "buffers",
  before: C,
  returned: Tree = {},
): C {
  const after = matchTree(`${whose}'s ${what}`, before, returned);
  leavesOf(before).forEach(({ path, tensor: x }, i) => {
    const next = after[i]!;
    if (next.dtype === x.dtype && sameShape(next.shape, x.shape)) return;
    const shown = (tensor: Tensor): string => `${tensor.dtype} ${showShape(tensor.shape)}`;
    throw new TensorError(
      `${whose}'s ${what === "carry" ? what : "buffer"} ${path} is given as ${shown(x)} and returned as ${shown(next)}; shape and dtype must not change`,
    );
  });
  return treeFrom(before, after);
}

/**
 * The carry of the next step. Normally the new carry; after a diverged step the old one; after a skipped step, elements
 * that are not finite keep their old values.
 */
export function carriedOn<C extends Tree>(
  before: C,
  after: C,
  { skipped, diverged }: { readonly skipped: Tensor; readonly diverged: Tensor },
): C {
  return zipTrees(before, after, (old, fresh) => {
    const stays = isFloat(fresh.dtype) ? or(diverged, and(skipped, not(less(abs(fresh), Infinity)))) : diverged;
    return select(stays, old, fresh);
  });
}
