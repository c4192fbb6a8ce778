import { allocate, describe, sameShape, sizeOf, tensor, TensorError, type ArrayTensor, type Values } from "@sluice/tensor";
import { lengthsOf, raggedBatch, type RaggedBatch } from "./ragged-batch.ts";

/** Sequences padded with zeros to one length: what the layers of @sluice/cells take. A type alias, so that it is a tree of tensors. */
export type Padded = {
  /** `[batch, time, features]` */
  readonly x: ArrayTensor;
  /** i32 `[batch]` */
  readonly lengths: ArrayTensor;
  /** `[batch, time, 1]` */
  readonly elapsed?: ArrayTensor;
  /** bool `[batch, time, features]` */
  readonly mask?: ArrayTensor;
};

/** What {@link fromPadded} takes. */
export interface PaddedParts {
  readonly x: ArrayTensor;
  readonly lengths: ArrayTensor | readonly number[];
  readonly elapsed?: ArrayTensor;
  readonly mask?: ArrayTensor;
}

/** Drops the padding. What stood beyond a row's length is not looked at. */
export function fromPadded({ x, lengths, elapsed, mask }: PaddedParts): RaggedBatch {
  if (x.shape.length !== 3) throw new TensorError(`fromPadded: x must be [batch, time, features], got ${describe(x)}`);
  const [batch, time] = [x.shape[0]!, x.shape[1]!];
  const counts = Array.from("kind" in lengths ? lengths.data : lengths);
  if (counts.length !== batch) throw new TensorError(`fromPadded: expected ${batch} lengths, one for each row, got ${counts.length}`);
  const wrong = counts.findIndex((n) => !Number.isInteger(n) || n < 0 || n > time);
  if (wrong >= 0) throw new TensorError(`fromPadded: lengths must be integers from 0 to ${time}, the number of steps, got ${counts[wrong]} for row ${wrong}`);
  const offsets = [0];
  for (const count of counts) offsets.push(offsets.at(-1)! + count);
  const steps = offsets.at(-1)!;

  const packed = (name: string, from: ArrayTensor, features: number): ArrayTensor => {
    if (!sameShape(from.shape, [batch, time, features])) throw new TensorError(`fromPadded: ${name} must be [${batch},${time},${features}], got ${describe(from)}`);
    const values = allocate(from.dtype, steps * features);
    counts.forEach((count, i) => values.set(from.data.subarray(i * time * features, (i * time + count) * features), offsets[i]! * features));
    return tensor(values, [steps, features], { dtype: from.dtype });
  };
  const features = x.shape[2]!;
  return raggedBatch({
    values: packed("x", x, features),
    offsets,
    ...(elapsed === undefined ? {} : { elapsed: packed("elapsed", elapsed, 1) }),
    ...(mask === undefined ? {} : { mask: packed("mask", mask, features) }),
  });
}

/** Pads with zeros: to `steps`, or to the longest sequence. */
export function toPadded(batch: RaggedBatch, { steps }: { readonly steps?: number } = {}): Padded {
  const lengths = lengthsOf(batch);
  const [rows, time] = [lengths.data.length, timeOf("toPadded", lengths, steps)];
  return spread(batch, lengths, [rows, time], (from, to, width) => {
    lengths.data.forEach((length, i) => {
      const first = batch.offsets.data[i]!;
      to.set(from.subarray(first * width, (first + length) * width), i * time * width);
    });
  });
}

/** {@link toPadded} with time first, `[time, batch, ...]`: what `scan` of @sluice/tensor takes. */
export function toTimeMajor(batch: RaggedBatch, { steps }: { readonly steps?: number } = {}): Padded {
  const lengths = lengthsOf(batch);
  const [rows, time] = [lengths.data.length, timeOf("toTimeMajor", lengths, steps)];
  return spread(batch, lengths, [time, rows], (from, to, width) => {
    lengths.data.forEach((length, i) => {
      for (let t = 0; t < length; t++) {
        const step = batch.offsets.data[i]! + t;
        to.set(from.subarray(step * width, (step + 1) * width), (t * rows + i) * width);
      }
    });
  });
}

function timeOf(operation: string, lengths: ArrayTensor, steps: number | undefined): number {
  const longest = Array.from(lengths.data).reduce((most, n) => Math.max(most, n), 0);
  if (steps === undefined) return longest;
  if (!Number.isInteger(steps) || steps < longest) throw new TensorError(`${operation}: the longest sequence has ${longest} steps, which do not fit into ${steps}`);
  return steps;
}

/** The parts of a batch as `[...lead, ...]`, each with its steps of `width` numbers copied among zeros. */
function spread(
  { values, elapsed, mask }: RaggedBatch,
  lengths: ArrayTensor,
  lead: readonly [number, number],
  copy: (from: Values, to: Values, width: number) => void,
): Padded {
  const padded = (from: ArrayTensor): ArrayTensor => {
    const width = sizeOf(from.shape.slice(1));
    const to = allocate(from.dtype, lead[0] * lead[1] * width);
    copy(from.data, to, width);
    return tensor(to, [...lead, ...from.shape.slice(1)], { dtype: from.dtype });
  };
  return {
    x: padded(values),
    lengths,
    ...(elapsed === undefined ? {} : { elapsed: padded(elapsed) }),
    ...(mask === undefined ? {} : { mask: padded(mask) }),
  };
}
