import type { Tree } from "@sluice/tensor";
import type { Cell } from "../cell/cell.ts";
import type { State } from "../cell/states.ts";
import { productDropout, type ProductDropoutOptions } from "./product-dropout.ts";

/**
 * Variational dropout (Gal, Ghahramani 2015, arXiv:1512.05287): one mask for the whole sequence, for the input
 * (`input`) and for the state where it enters the recurrent products (`recurrent`). Kept elements are divided by `1 -
 * rate`. In evaluation there is no dropout. {@link stepDropout} draws another mask at each step.
 *
 * With `masks: "shared"` all gates share a mask, the paper's tied weights: `(m x) [W_i W_f ...]`. With `masks:
 * "perGate"` each gate has its own, the paper's untied weights: `[(m_i x) W_i, (m_f x) W_f, ...]`, one product per
 * gate. Keras's GRU and LSTM share masks if only `dropout` is set. With `recurrent_dropout` (which sets
 * `implementation` to 1) they use one mask per gate, for the input too. PyTorch has neither: its `dropout` acts between
 * layers with a new mask at each step, as in {@link sequential}.
 *
 * The masks act in products that the step makes with `input("gates", x, W)` and `recurrent("gates", h, U)`; products of
 * one source share a mask. A shared mask of the input is applied to `x` itself and needs no such product. The state
 * passed to the next step is never masked.
 */
export function variationalDropout<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  options: ProductDropoutOptions,
): Cell<P, S> {
  return productDropout({ name: "variationalDropout", draws: "sequence" }, cell, options);
}
