import { evaluation, inputOf, sequence, type Cell, type State } from "@sluice/cells";
import { leavesOf, tensor, TensorError, valuesOf, type ArrayTensor, type Tensor, type Tree } from "@sluice/tensor";
import { describe, isArray, zerosArray, sizeOf, allocate } from "@sluice/tensor/internal";

/** Statistics of a decay's factors over all steps and units. A factor of 1 keeps everything, 0 keeps nothing. */
export interface Retention {
  readonly median: number;
  readonly smallest: number;
  readonly largest: number;
  /** The share of factors below 0.01. What such a factor multiplies is lost, and nothing can be learned from it. */
  readonly lost: number;
}

/**
 * How much a cell with decays keeps from each step to the next, for these parameters and times. Returns statistics for
 * every trace of the cell with "decay" in its name: `hiddenDecay` and `inputDecay` of `gruD`, `decay.h` of
 * `hiddenDecay`.
 *
 * `extra` is what the layer gets, arrays `[batch, time, ...]`. Steps beyond `lengths` are not counted.
 *
 * Look at it before training. If a state is lost at every step, you get no error, only a cell without memory; and a
 * decay that strong gets almost no gradient. Throws a TensorError if the cell traces no decay, or if an extra or
 * `lengths` has the wrong shape.
 */
export function retention<P extends Tree, S extends State>(
  cell: Cell<P, S>,
  params: P,
  extra: Readonly<Record<string, Tensor>>,
  { lengths }: { readonly lengths?: readonly number[] | ArrayTensor } = {},
): Readonly<Record<string, Retention>> {
  const dtype = leavesOf(params)[0]?.tensor.dtype ?? "f32";
  const steps = Object.fromEntries(
    Object.keys(cell.extra).map((name) => [name, stepsOf(cell, name, extra[name], lengths)]),
  );
  const rows = Object.values(steps)[0]?.shape[0] ?? 0;
  const factors: Record<string, Retention> = {};
  const trace = (name: string, value: Tensor): void => {
    if (/decay/i.test(name)) factors[name] = summary(valuesOf(value));
  };
  const { shape } = inputOf(cell.input ?? [cell.sizes.input]);
  const layer = sequence(cell);
  cell.step(params, layer.initialState(rows, { dtype, params }), zerosArray([rows, ...shape], dtype), {
    ...evaluation,
    extra: steps,
    buffers: layer.initialBuffers({ dtype }),
    trace,
  });
  if (Object.keys(factors).length === 0)
    throw new TensorError(
      `retention: ${cell.name} traces no decay factors; expected a cell such as gruD or hiddenDecay(...)`,
    );
  return factors;
}

/** `[batch, time, ...]` as `[steps, ...]`, without the steps beyond the lengths. */
function stepsOf(
  { name: cell, extra: shapes }: { readonly name: string; readonly extra: Cell["extra"] },
  name: string,
  x: Tensor | undefined,
  lengths?: readonly number[] | ArrayTensor,
): ArrayTensor {
  const { shape } = inputOf(shapes[name]!);
  if (
    x === undefined ||
    !isArray(x) ||
    x.shape.length !== shape.length + 2 ||
    shape.some((n, axis) => n !== x.shape[axis + 2])
  ) {
    throw new TensorError(
      `retention: extra ${name} of ${cell} must be an array [batch,time,${shape.join(",")}], got ${x === undefined ? "none" : describe(x)}`,
    );
  }
  const [batch, time] = [x.shape[0]!, x.shape[1]!];
  const width = sizeOf(shape);
  const counts =
    lengths === undefined
      ? new Array<number>(batch).fill(time)
      : Array.from("kind" in lengths ? lengths.data : lengths);
  if (counts.length !== batch || counts.some((n) => !Number.isInteger(n) || n < 0 || n > time)) {
    throw new TensorError(`retention: lengths must be ${batch} integers from 0 to ${time}, got ${counts.join(", ")}`);
  }
  const steps = counts.reduce((sum, n) => sum + n, 0);
  const values = allocate(x.dtype, steps * width);
  let at = 0;
  counts.forEach((count, row) => {
    values.set(x.data.subarray(row * time * width, (row * time + count) * width), at);
    at += count * width;
  });
  return tensor(values, [steps, ...shape], { dtype: x.dtype });
}

function summary(values: ArrayLike<number>): Retention {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  if (n === 0) return { median: NaN, smallest: NaN, largest: NaN, lost: NaN };
  return {
    median: (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2,
    smallest: sorted[0]!,
    largest: sorted[n - 1]!,
    lost: sorted.filter((factor) => factor < 0.01).length / n,
  };
}
