import { leavesOf, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { carriedAlike } from "./carry.ts";

/** The buffers of a model that has none: a tree without tensors. */
export type NoBuffers = Readonly<Record<never, Tensor>>;

export function givenBuffers<F extends Tree>(options: { readonly buffers?: F }): F;
export function givenBuffers({ buffers = {} }: { readonly buffers?: Tree }): Tree {
  return buffers;
}

/**
 * The returned buffers, checked to be nested like `before`. Error messages start with `whose`: `trainStep: the loss`.
 */
export function checkReturnedBuffers<F extends Tree>(whose: string, before: F, returned: Tree | undefined): F {
  if (returned === undefined && leavesOf(before).length > 0)
    throw new TensorError(
      `${whose} gets buffers but returned none; return { loss, buffers }, with the buffers that apply returned`,
    );
  return carriedAlike(whose, "buffers", before, returned);
}
