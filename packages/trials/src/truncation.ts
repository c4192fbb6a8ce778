/** Truncated back-propagation: what of the loop is of windows, and what is carried from one to the next. */
import { TensorError, type Tree } from "@sluice/tensor";
import { windows, type Batches, type LossContext, type Parts, type WindowsOptions } from "@sluice/train";
import type { CarriedOptions, Model } from "./model.ts";

/** How training goes through its sequences. */
export interface Truncation {
  readonly batches: Batches<Parts>;
  /** What is carried before the first step; no tensors without truncation. */
  readonly carry: Tree;
  /** What the model is told of the carry. */
  optionsOf(context: LossContext<Tree, Tree>): CarriedOptions;
}

/** The batches as they are, or their windows with the state between them. */
export function truncated(
  batches: Batches<Parts>,
  model: Model<Tree, Parts, Tree>,
  { params, truncate }: { readonly params: Tree; readonly truncate?: WindowsOptions },
): Truncation {
  if (truncate === undefined) return { batches, carry: {}, optionsOf: () => ({}) };
  if (model.initialState === undefined)
    throw new TensorError("fit: truncate needs a model that carries a state: a layer, or a model with initialState");
  const cut = windows(batches, truncate);
  const [rows = 0] = cut.at(0).batch.weight.shape;
  return {
    batches: cut,
    carry: model.initialState(rows, params),
    optionsOf: ({ carry }) => ({ state: carry, carryAfter: truncate.k1 }),
  };
}

/** The windows as a checkpoint names them. */
export const windowsText = (truncate: WindowsOptions | undefined): string =>
  truncate === undefined ? "none" : `k1 ${truncate.k1}, k2 ${truncate.k2 ?? truncate.k1}`;
