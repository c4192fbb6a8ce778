import { bitStreamXor, type BitStreams, type BitStreamXorOptions, type Dataset } from "@sluice/data";
import { fromPadded, type RaggedBatch } from "@sluice/irregular";
import { tensor, valuesOf, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { raggedBatches, type Batches, type RaggedBatchesOptions } from "@sluice/train";
import type { Events } from "./model.ts";

/** Event streams with their parity as a class index, i32 `[examples]`. */
export type Streams = Events & { readonly y: Tensor };

/** Bit-stream XOR as a task of two classes. */
export function streams(options: BitStreamXorOptions): Dataset<Streams> {
  const { train, validation, test, ...rest } = bitStreamXor(options);
  return {
    ...rest,
    train: classed(train),
    validation: classed(validation),
    test: classed(test),
    classes: ["even", "odd"],
  };
}

/**
 * Batches of streams, padded as they are given. By default the longest come first, so that steps after a stream's end
 * are skipped.
 */
export function streamBatches({ x, elapsed, lengths, y }: Streams, options: RaggedBatchesOptions): Batches<Streams> {
  const unpadded = (padded: Tensor): RaggedBatch => fromPadded({ x: arrayOf(padded), lengths: arrayOf(lengths) });
  return raggedBatches(
    { sequences: unpadded(x), perSequence: { y }, perStep: { elapsed: unpadded(elapsed).values } },
    { steps: x.shape[1]!, ...options },
  );
}

const classed = ({ y, ...events }: BitStreams): Streams => ({ ...events, y: tensor(Int32Array.from(valuesOf(y))) });

const arrayOf = (x: Tensor): ArrayTensor => tensor(valuesOf(x), x.shape, { dtype: x.dtype });
