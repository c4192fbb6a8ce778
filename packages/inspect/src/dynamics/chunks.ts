/** A sequence cut into parts of one length, so that one compiled program runs all of them. */
import { concat, mapTree, sliceAxis, type Tensor } from "@sluice/tensor";
import { zerosArray } from "@sluice/tensor/internal";

/** What a cell reads at some steps, each `[batch, time, ...]`. */
export type Chunk = {
  readonly x: Tensor;
  readonly extra: Readonly<Record<string, Tensor>>;
  /** bool: the steps that rows take. */
  readonly mask: Tensor;
};

/** Parts of at most `most` steps, all equally long. Steps that fill the last part are masked. */
export function chunked(whole: Chunk, most: number): readonly Chunk[] {
  const [batch = 0, time = 0] = whole.mask.shape;
  const length = Math.max(1, Math.min(most, time));
  const count = Math.ceil(time / length);
  const filled = mapTree(whole, (x) => {
    const missing = count * length - time;
    return missing === 0 ? x : concat([x, zerosArray([batch, missing, ...x.shape.slice(2)], x.dtype)], 1);
  });
  return Array.from({ length: count }, (_, i) => mapTree(filled, (x) => sliceAxis(x, 1, i * length, (i + 1) * length)));
}
