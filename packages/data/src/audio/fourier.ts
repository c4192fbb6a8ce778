import { cosF64, sinF64 } from "@sluice/tensor/internal";

/**
 * Makes a function of `size` real samples x, a power of two. It returns the squared magnitudes of the discrete Fourier
 * transform `X_k = sum_n x_n exp(-2 pi i k n / size)` for k from 0 to `size / 2` (Cooley and Tukey 1965, radix 2). The
 * order of all sums depends on `size` alone, so the bits are the same everywhere.
 */
export function powerSpectrum(size: number): (x: Float64Array) => Float64Array {
  const cosines = Float64Array.from({ length: size / 2 }, (_, k) => cosF64((2 * Math.PI * k) / size));
  const sines = Float64Array.from({ length: size / 2 }, (_, k) => -sinF64((2 * Math.PI * k) / size));
  const order = reversedBits(size);
  const [re, im] = [new Float64Array(size), new Float64Array(size)];
  return (x) => {
    order.forEach((from, to) => (re[to] = x[from] ?? 0));
    im.fill(0);
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const even = start + k;
          const odd = even + half;
          const c = cosines[k * stride] ?? 0;
          const s = sines[k * stride] ?? 0;
          const a = re[even] ?? 0;
          const b = im[even] ?? 0;
          const p = re[odd] ?? 0;
          const q = im[odd] ?? 0;
          const turnedRe = c * p - s * q;
          const turnedIm = c * q + s * p;
          re[even] = a + turnedRe;
          im[even] = b + turnedIm;
          re[odd] = a - turnedRe;
          im[odd] = b - turnedIm;
        }
      }
    }
    const powers = new Float64Array(size / 2 + 1);
    for (let k = 0; k < powers.length; k++) {
      const a = re[k] ?? 0;
      const b = im[k] ?? 0;
      powers[k] = a * a + b * b;
    }
    return powers;
  };
}

/** The numbers 0 to `size` - 1, each with its bits in reverse order. */
function reversedBits(size: number): Int32Array {
  const order = new Int32Array(size);
  for (let n = 1; n < size; n++) order[n] = ((order[n >> 1] ?? 0) >> 1) | ((n & 1) === 1 ? size >> 1 : 0);
  return order;
}
