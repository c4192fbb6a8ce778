import { bitStreamXor, type BitStreams, type BitStreamXorOptions, type Dataset } from "@sluice/data";
import { fromPadded, type RaggedBatch } from "@sluice/irregular";
import { tensor, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import type { Events } from "./model.ts";

/** Event streams with their parity as the number of a class, i32 `[examples]`. */
export type Streams = Events & { readonly y: Tensor };

/** Bit-stream XOR as a task of two classes. */
export function streams(options: BitStreamXorOptions): Dataset<Streams> {
  const { train, validation, test, ...rest } = bitStreamXor(options);
  return { ...rest, train: classed(train), validation: classed(validation), test: classed(test), classes: ["even", "odd"] };
}

/** The same streams one behind the other, without the padding. */
export function unpadded({ x, elapsed, lengths }: Events): RaggedBatch {
  return fromPadded({ x: arrayOf(x), elapsed: arrayOf(elapsed), lengths: arrayOf(lengths) });
}

const classed = ({ y, ...events }: BitStreams): Streams => ({ ...events, y: tensor(Int32Array.from(valuesOf(y))) });

const arrayOf = (x: Tensor): ArrayTensor => tensor(valuesOf(x), x.shape, { dtype: x.dtype });
