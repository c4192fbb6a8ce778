/** A step's products with weights. The cell's user may change them, for example by dropout. */
import { TensorError, type Tensor } from "@sluice/tensor";
import { describe } from "@sluice/tensor/internal";
import type { CellContext, Product } from "../cell/context.ts";

/** Options of a step's `input` and `recurrent`. */
export interface MultiplyOptions {
  /**
   * Into how many gates of equal width the columns of the weights divide: each may have a dropout mask of its own.
   * Default: as often as `hidden` goes into them, or 1 where it does not.
   */
  readonly gates?: number;
  /**
   * What the vector is made from, where a step has products of different things: those of one source share a dropout
   * mask. Default: all products of a kind have one source.
   */
  readonly source?: string;
}

/** `[batch, rows]` times `[rows, columns]`, at a named place of the step. */
export type Multiply = (name: string, x: Tensor, W: Tensor, options?: MultiplyOptions) => Tensor;

/** What `input` and `recurrent` are to a step; `made` is told of every product. */
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
    const result = context.product({ kind, name, x, W, gates: count, source });
    made(result, kind);
    return result;
  };
}
