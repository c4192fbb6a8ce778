import { TensorError, type Tensor } from "@sluice/tensor";
import type { ParameterSpec } from "@sluice/params";

/**
 * No bias, one for the sum (as Keras), or one each for the input's and the recurrent product (as PyTorch and cuDNN).
 */
export type Biases = 0 | 1 | 2;

/** `b` beside the input's product and `bh` beside the recurrent one. */
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

/** The biases that a cell has. */
export function given(...biases: readonly (Tensor | undefined)[]): Tensor[] {
  return biases.filter((b) => b !== undefined);
}
