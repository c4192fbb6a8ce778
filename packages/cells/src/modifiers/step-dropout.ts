import type { Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import type { State } from "../cell/states.ts";
import { productDropout, type ProductDropoutOptions } from "./product-dropout.ts";

/**
 * Dropout with a new mask at each step (of the input: Pham et al. 2013, arXiv:1312.4569; Zaremba et al. 2014,
 * arXiv:1409.2329), in contrast to {@link variationalDropout}, which holds one mask for the whole sequence:
 *
 *     x_t' = m_t x_t / (1 - input)               where x_t is multiplied by weights
 *     h_{t-1}' = k_t h_{t-1} / (1 - recurrent)   where h_{t-1} is multiplied by weights
 *
 * `masks` chooses one mask for all gates (`shared`, the default) or one for each (`perGate`). In evaluation there is no
 * dropout. The state passed to the next step is never masked. Throws a TensorError if the step does not mark the
 * products that a rate should act on.
 */
export function stepDropout<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: ProductDropoutOptions,
): Cell<P, S> {
  return productDropout({ name: "stepDropout", draws: "step" }, cell, options);
}
