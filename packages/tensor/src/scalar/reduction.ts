/*
 * The order of every reduction, on every backend.
 *
 * Along the innermost axis, of length n: four lanes; element i goes to lane i mod 4, in order of i; the result is
 * (lane 0 o lane 2) o (lane 1 o lane 3). Lanes start from 0 for a sum, -inf for a maximum, +inf for a minimum. That is what a loop over
 * 4-wide vectors does, with the tail filled up by the start value.
 *
 * Along any other axis: sequential, from the start value, in order of the index, for each output element.
 *
 * Each o rounds to the element type. A NaN anywhere gives NaN. Of two zeros the maximum is +0 and the minimum -0.
 */
const round = Math.fround;

type Values = ArrayLike<number>;

/** Sum of `data[offset .. offset + length)` in f32. */
export function sumLanesF32(data: Values, offset: number, length: number): number {
  let p0 = 0, p1 = 0, p2 = 0, p3 = 0;
  const end = offset + length;
  let i = offset;
  for (; i + 4 <= end; i += 4) {
    p0 = round(p0 + data[i]!);
    p1 = round(p1 + data[i + 1]!);
    p2 = round(p2 + data[i + 2]!);
    p3 = round(p3 + data[i + 3]!);
  }
  if (i < end) p0 = round(p0 + data[i]!);
  if (i + 1 < end) p1 = round(p1 + data[i + 1]!);
  if (i + 2 < end) p2 = round(p2 + data[i + 2]!);
  return round(round(p0 + p2) + round(p1 + p3));
}

/** Sum of `data[offset .. offset + length)` in f64, in the same order. */
export function sumLanesF64(data: Values, offset: number, length: number): number {
  let p0 = 0, p1 = 0, p2 = 0, p3 = 0;
  const end = offset + length;
  let i = offset;
  for (; i + 4 <= end; i += 4) {
    p0 += data[i]!;
    p1 += data[i + 1]!;
    p2 += data[i + 2]!;
    p3 += data[i + 3]!;
  }
  if (i < end) p0 += data[i]!;
  if (i + 1 < end) p1 += data[i + 1]!;
  if (i + 2 < end) p2 += data[i + 2]!;
  return (p0 + p2) + (p1 + p3);
}

/** Largest of `data[offset .. offset + length)`; -inf of nothing. The order does not show in a maximum, so this serves both element types. */
export function maxLanes(data: Values, offset: number, length: number): number {
  let result = -Infinity;
  for (let i = offset; i < offset + length; i++) result = Math.max(result, data[i]!);
  return result;
}

/** Smallest of `data[offset .. offset + length)`; +inf of nothing. */
export function minLanes(data: Values, offset: number, length: number): number {
  let result = Infinity;
  for (let i = offset; i < offset + length; i++) result = Math.min(result, data[i]!);
  return result;
}
