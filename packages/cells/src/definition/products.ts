/** A step's products with weights. The cell's user may change them, for example by dropout. */
import { matmul, TensorError, type Tensor } from "@sluice/tensor";
import { describe } from "@sluice/tensor/internal";
import type { CellContext, Product } from "../cell/context.ts";

/** Options of a step's `input` and `recurrent`. */
export interface MultiplyOptions {
  /**
   * The number of gates of equal width in the columns of the weights; each may have its own dropout mask. Default:
   * columns divided by `hidden` if that is an integer, otherwise 1.
   */
  readonly gates?: number;
  /**
   * Names the vector, for a step that multiplies different vectors: products of one source share a dropout mask.
   * Default: all products of a kind have the same source.
   */
  readonly source?: string;
}

/** Multiplies `[batch, rows]` by `[rows, columns]` at a named place of the step. */
export type Multiply = (name: string, x: Tensor, W: Tensor, options?: MultiplyOptions) => Tensor;

/** Makes a step's `input` and `recurrent`; `made` is called for every product. */
export function multiplyOf(
  kind: Product["kind"],
  hidden: number,
  context: CellContext,
  made: (result: Tensor, kind: Product["kind"]) => void,
): Multiply {
  return (name, x, W, { gates, source = "" } = {}) => {
    const columns = W.shape.at(-1) ?? 0;
    const count = gates ?? (columns > 0 && columns % hidden === 0 ? columns / hidden : 1);
    if (!Number.isInteger(count) || count < 1 || columns % count !== 0)
      throw new TensorError(
        `${kind}: ${name} has the weights ${describe(W)}, whose columns do not divide into ${count} gates`,
      );
    const result = context.product({ kind, name, x, W, gates: count, source, multiply: matmul });
    made(result, kind);
    return result;
  };
}
