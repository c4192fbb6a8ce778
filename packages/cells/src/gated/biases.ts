import { split, tensor, TensorError, type ArrayTensor, type Tensor } from "@sluice/tensor";
import type { ParameterSpec } from "@sluice/params";

/**
 * No bias, one bias for the sum (as in Keras), or two: one for the input product and one for the recurrent product (as
 * in PyTorch and cuDNN).
 */
export type Biases = 0 | 1 | 2;

/** `b` is added to the input product and `bh` to the recurrent product. */
export function biasesOf(
  biases: Biases,
  b: ParameterSpec,
  bh: ParameterSpec = b,
): { b?: ParameterSpec; bh?: ParameterSpec } {
  switch (biases) {
    case 0:
      return {};
    case 1:
      return { b };
    case 2:
      return { b, bh };
    default:
      throw new TensorError(`biases must be 0, 1 or 2, got ${String(biases)}`);
  }
}

/** The bias specs of a cell. */
export function given(...biases: readonly (Tensor | undefined)[]): Tensor[] {
  return biases.filter((b) => b !== undefined);
}

/** Adds `by` to the elements `from` to `to` of an initial bias, so that a gate begins open or closed. */
export const raised =
  ({ from, to, by }: { readonly from: number; readonly to: number; readonly by: number }) =>
  (b: ArrayTensor): ArrayTensor =>
    tensor(
      b.data.map((value, i) => (i >= from && i < to ? value + by : value)),
      b.shape,
    );

/** The two halves of a bias, where there is one. */
export const halves = (b: Tensor | undefined): [Tensor | undefined, Tensor | undefined] =>
  b === undefined ? [undefined, undefined] : split(b, 2);
