import { TensorError } from "@sluice/tensor";

/**
 * The vectors `[count, length]`, of length 1, of the Householder reflections with `Q = -H_1 H_2 ... H_count [I; 0]`,
 * where `Q R` is the QR decomposition with a positive diagonal of the `count` columns of `length` numbers that stand
 * one after the other in `columns`. Reflection i maps the remainder x of column i to `-|x| e_i`.
 */
export function reflectorsOf(columns: Float64Array, count: number, length: number): Float64Array {
  const rest = columns.slice();
  const reflectors = new Float64Array(count * length);
  for (let i = 0; i < count; i++) {
    const v = reflectors.subarray(i * length, (i + 1) * length);
    v.set(rest.subarray(i * length + i, (i + 1) * length), i);
    toReflector(v, i);
    for (let j = i + 1; j < count; j++) reflect(rest.subarray(j * length, (j + 1) * length), v, i);
  }
  return reflectors;
}

/** Replaces x, which is 0 before `first`, by the unit vector in the direction of `x + |x| e_first`. */
function toReflector(x: Float64Array, first: number): void {
  const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest === 0) {
    x[first] = 1;
    return;
  }
  let tail = 0;
  for (let i = first; i < x.length; i++) {
    const scaled = (x[i] ?? 0) / largest;
    x[i] = scaled;
    if (i > first) tail += scaled * scaled;
  }
  const head = x[first] ?? 0;
  const norm = Math.sqrt(head * head + tail);
  // x + |x| e would cancel if the first element is negative; this computes the same number without cancellation.
  x[first] = head >= 0 ? head + norm : tail / (norm - head);
  if (tail === 0 && head < 0 && first < x.length - 1)
    throw new TensorError(
      `orthogonalParametrization: unit ${first} starts exactly opposite to axis ${first}, where its reflection is the identity and gets no gradient; use other initial weights, such as orthogonal or identity`,
    );
  const length = Math.sqrt(tail + (x[first] ?? 0) * (x[first] ?? 0));
  if (length > 0) for (let i = first; i < x.length; i++) x[i] = (x[i] ?? 0) / length;
}

/** `x - 2 v (v . x)`, for a unit vector with zeros before `first`. */
function reflect(x: Float64Array, v: Float64Array, first: number): void {
  let product = 0;
  for (let i = first; i < x.length; i++) product += (v[i] ?? 0) * (x[i] ?? 0);
  for (let i = first; i < x.length; i++) x[i] = (x[i] ?? 0) - 2 * (v[i] ?? 0) * product;
}
