/** Combines the buffers of a cell or layer with those of its reparametrized weights. */
import { buffersOf, weightBuffers, type BufferSpecs, type Specs } from "@sluice/params";
import type { Tree } from "@sluice/tensor";
import { childOf } from "./context.ts";

export interface JoinedBuffers {
  /** Just the buffers of the cell or layer if no weight has any; otherwise both, as `own` and `weights`. */
  readonly specs: BufferSpecs;
  join(own: Tree, weights: Tree): Tree;
  own(buffers: Tree | undefined): Tree;
  weights(buffers: Tree | undefined): Tree;
}

export function joinedBuffers(own: BufferSpecs, params: Specs): JoinedBuffers {
  const weights = weightBuffers(params);
  if (buffersOf(weights).length === 0)
    return { specs: own, join: (of) => of, own: (buffers = {}) => buffers, weights: () => ({}) };
  return {
    specs: { own, weights },
    join: (of, made) => ({ own: of, weights: made }),
    own: (buffers = {}) => childOf(buffers, "own"),
    weights: (buffers = {}) => childOf(buffers, "weights"),
  };
}
