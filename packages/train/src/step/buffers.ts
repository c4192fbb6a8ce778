import { leavesOf, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { carriedAlike } from "./carry.ts";

/** The buffers of a model that has none: a tree without tensors. */
export type NoBuffers = Readonly<Record<never, Tensor>>;

export function givenBuffers<F extends Tree>(options: { readonly buffers?: F }): F;
export function givenBuffers({ buffers = {} }: { readonly buffers?: Tree }): Tree {
  return buffers;
}

/** The buffers that came back, nested as `before`. `whose` begins an error: `trainStep: the loss`. */
export function checkReturnedBuffers<F extends Tree>(whose: string, before: F, returned: Tree | undefined): F {
  if (returned === undefined && leavesOf(before).length > 0)
    throw new TensorError(
      `${whose} is given buffers and returned none; return { loss, buffers }, such as those of what apply returns`,
    );
  return carriedAlike(whose, "buffers", before, returned);
}
