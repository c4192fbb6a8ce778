/**
 * Many random numbers at once, in plain loops over typed arrays: the same bits as the eager functions of
 * @sluice/tensor, in a fraction of the time.
 */
import { TensorError, type ArrayTensor, type Shape, type Tensor } from "@sluice/tensor";
import { checkKey, inverseErrorF64, nth, sizeOf, threefry2x32Into } from "@sluice/tensor/internal";

/** How many numbers are drawn together, so that their bits stay in a near cache. */
const BLOCK = 4096;

/** Uniform integers from 0 to 2^24 - 1 that fill the shape. The caller may modify them. */
export function drawWhole(key: ArrayTensor, shape: Shape): Drawn {
  const count = sizeOf(shape);
  const [k0, k1] = wordsOf(key);
  const data = new Float64Array(count);
  const block = new Uint32Array(BLOCK);
  for (let from = 0; from < count; from += BLOCK) {
    const size = Math.min(BLOCK, count - from);
    for (let i = 0; i < size; i += 2) threefry2x32Into(block, i, k0, k1, (from + i) >>> 1, 0);
    for (let i = 0; i < size; i++) data[from + i] = block[i]! >>> 8;
  }
  return { kind: "array", shape, dtype: "f64", data };
}

/**
 * Rows of standard normal numbers, by inversion; magnitudes stay below about 5.5. Row i begins with i zeros, since only
 * the numbers from the diagonal on are used.
 */
export function drawNormalFromDiagonal(key: ArrayTensor, [rows, length]: readonly [number, number]): Drawn {
  const drawn = drawWhole(key, [rows, length]);
  const { data } = drawn;
  for (let row = 0; row < rows; row++) {
    const start = row * length;
    data.fill(0, start, start + row);
    for (let i = start + row; i < start + length; i++)
      data[i] = inverseErrorF64((data[i]! - 8388608 + 0.5) * (1 / 8388608)) * Math.SQRT2;
  }
  return drawn;
}

interface Drawn extends ArrayTensor {
  readonly data: Float64Array;
}

function wordsOf(key: Tensor): readonly [number, number] {
  checkKey("init", key);
  if (key.kind !== "array")
    throw new TensorError("init: the key is a symbol; draw initial values outside of compiled functions");
  return [nth(key.data, 0) >>> 0, nth(key.data, 1) >>> 0];
}
