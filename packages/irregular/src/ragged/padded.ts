import { isTensor, tensor, TensorError, type ArrayTensor, type Values } from "@sluice/tensor";
import {
  allocate,
  checkList,
  checkOptions,
  checkTensor,
  describe,
  piecewiseArray,
  sameShape,
  sizeOf,
} from "@sluice/tensor/internal";
import { lengthsOf, raggedBatch, unchecked, type RaggedBatch } from "./ragged-batch.ts";

/**
 * Sequences padded with zeros to one length, as the layers of @sluice/cells take them. (A type alias, not an interface,
 * so that TypeScript accepts it as a tree of tensors.)
 */
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
  /** `[batch, time, features]` */
  readonly x: ArrayTensor;
  /** The number of steps of each row: i32 `[batch]`, or numbers. */
  readonly lengths: ArrayTensor | readonly number[];
  /** `[batch, time, 1]`, the time since the previous step. */
  readonly elapsed?: ArrayTensor;
  /** `[batch, time, features]`: which values were observed. */
  readonly mask?: ArrayTensor;
}

/**
 * Removes the padding. Values beyond a row's length are never read. Throws a TensorError if a part has the wrong shape
 * or a length is out of range.
 */
export function fromPadded(parts: PaddedParts): RaggedBatch {
  checkOptions("fromPadded", parts, ["x", "lengths", "elapsed", "mask"]);
  const { x, lengths, elapsed, mask } = parts;
  for (const [name, part] of [
    ["x", x],
    ["elapsed", elapsed],
    ["mask", mask],
  ] as const)
    if (part !== undefined || name === "x") checkTensor("fromPadded", name, part);
  if (!isTensor(lengths) && !ArrayBuffer.isView(lengths)) checkList("fromPadded", "lengths", lengths, "[4, 2]");
  if (x.shape.length !== 3) throw new TensorError(`fromPadded: x must be [batch, time, features], got ${describe(x)}`);
  const [batch, time] = [x.shape[0]!, x.shape[1]!];
  const counts = Array.from(isTensor(lengths) ? lengths.data : lengths);
  if (counts.length !== batch)
    throw new TensorError(`fromPadded: expected ${batch} lengths, one per row, got ${counts.length}`);
  const wrong = counts.findIndex((n) => !Number.isInteger(n) || n < 0 || n > time);
  if (wrong >= 0)
    throw new TensorError(
      `fromPadded: lengths must be integers from 0 to ${time}, the number of steps, got ${counts[wrong]} for row ${wrong}`,
    );
  const offsets = [0];
  for (const count of counts) offsets.push(offsets.at(-1)! + count);
  const steps = offsets.at(-1)!;

  const packed = (name: string, from: ArrayTensor, features: number): ArrayTensor => {
    if (!sameShape(from.shape, [batch, time, features]))
      throw new TensorError(`fromPadded: ${name} must be [${batch},${time},${features}], got ${describe(from)}`);
    const values = allocate(from.dtype, steps * features);
    counts.forEach((count, i) =>
      values.set(from.data.subarray(i * time * features, (i * time + count) * features), offsets[i]! * features),
    );
    return unchecked(values, [steps, features], from.dtype);
  };
  const features = x.shape[2]!;
  return raggedBatch({
    values: packed("x", x, features),
    offsets,
    ...(elapsed === undefined ? {} : { elapsed: packed("elapsed", elapsed, 1) }),
    ...(mask === undefined ? {} : { mask: packed("mask", mask, features) }),
  });
}

/** Options of {@link toPadded}. */
export interface PaddedOptions {
  /** How many steps to pad to. Default: the length of the longest sequence. */
  readonly steps?: number;
  /** The index of the sequence for each row. An index may occur more than once. Default: all sequences, in order. */
  readonly sequences?: readonly number[] | Int32Array;
  /** How many rows to make. Rows after the last sequence have length 0. Default: one per sequence. */
  readonly rows?: number;
}

/**
 * Pads with zeros to `[batch, time, features]`. Copies nothing until you read the arrays' `data`: a backend reads the
 * steps straight from the ragged batch.
 */
export function toPadded(batch: RaggedBatch, options: PaddedOptions = {}): Padded {
  checkOptions("toPadded", options, ["steps", "sequences", "rows"], {
    maxLength: "steps",
    length: "steps",
    time: "steps",
  });
  const offsets = batch.offsets.data;
  const { sequences = Int32Array.from({ length: offsets.length - 1 }, (_, i) => i), rows = sequences.length } = options;
  const wrong = sequences.find((i) => !Number.isInteger(i) || i < 0 || i + 1 >= offsets.length);
  if (wrong !== undefined)
    throw new TensorError(`toPadded: expected sequences from 0 to ${offsets.length - 2}, got ${wrong}`);
  if (!Number.isInteger(rows) || rows < sequences.length)
    throw new TensorError(`toPadded: ${sequences.length} sequences do not fit into ${rows} rows`);
  const lengths = new Int32Array(rows);
  sequences.forEach((n, row) => (lengths[row] = offsets[n + 1]! - offsets[n]!));
  const time = timeOf("toPadded", lengths, options.steps);
  return mapPadded(batch, lengths, ({ data, shape, dtype }) => {
    const width = sizeOf(shape.slice(1));
    const pieces = Array.from(sequences, (n, row) => ({
      at: row * time * width,
      values: data.subarray(offsets[n]! * width, offsets[n + 1]! * width),
    }));
    return piecewiseArray([rows, time, ...shape.slice(1)], pieces, dtype);
  });
}

/**
 * Like {@link toPadded}, but with time first, `[time, batch, ...]`, as `scan` of @sluice/tensor takes it. Copies at
 * once.
 */
export function toTimeMajor(batch: RaggedBatch, options: { readonly steps?: number } = {}): Padded {
  checkOptions("toTimeMajor", options, ["steps"], { maxLength: "steps", length: "steps", time: "steps" });
  const { steps } = options;
  const offsets = batch.offsets.data;
  const lengths = lengthsOf(batch).data;
  const [rows, time] = [lengths.length, timeOf("toTimeMajor", lengths, steps)];
  return mapPadded(batch, lengths, ({ data, shape, dtype }) => {
    const width = sizeOf(shape.slice(1));
    const to = allocate(dtype, time * rows * width);
    lengths.forEach((length, i) => {
      for (let t = 0; t < length; t++)
        to.set(data.subarray((offsets[i]! + t) * width, (offsets[i]! + t + 1) * width), (t * rows + i) * width);
    });
    return tensor(to, [time, rows, ...shape.slice(1)], { dtype });
  });
}

function timeOf(operation: string, lengths: Values, steps: number | undefined): number {
  const longest = Array.from(lengths).reduce((most, n) => Math.max(most, n), 0);
  if (steps === undefined) return longest;
  if (!Number.isInteger(steps) || steps < longest)
    throw new TensorError(`${operation}: the longest sequence has ${longest} steps, which do not fit into ${steps}`);
  return steps;
}

function mapPadded(
  { values, elapsed, mask }: RaggedBatch,
  lengths: Values,
  padded: (x: ArrayTensor) => ArrayTensor,
): Padded {
  return {
    x: padded(values),
    lengths: tensor(lengths),
    ...(elapsed === undefined ? {} : { elapsed: padded(elapsed) }),
    ...(mask === undefined ? {} : { mask: padded(mask) }),
  };
}
