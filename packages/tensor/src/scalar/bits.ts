/** Views over one buffer, through which a float's bits are read and floats are made from bits. */
const buffer = new ArrayBuffer(8);
const float32 = new Float32Array(buffer);
const float64 = new Float64Array(buffer);
const int32 = new Int32Array(buffer);

/** Where the high word of a double lies in `int32`: 1 on little-endian machines. */
const HIGH = ((float64[0] = 1), int32[1] !== 0) ? 1 : 0;

/** The bits of `x` rounded to f32, as a signed integer. */
export function bitsOfF32(x: number): number {
  float32[0] = x;
  return int32[0]!;
}

export function f32FromBits(bits: number): number {
  int32[0] = bits;
  return float32[0]!;
}

/** Sign, exponent and the upper 20 bits of the fraction of a double, as a signed integer. */
export function highWord(x: number): number {
  float64[0] = x;
  return int32[HIGH]!;
}

/** `x` with its high word replaced. */
export function withHighWord(x: number, high: number): number {
  float64[0] = x;
  int32[HIGH] = high;
  return float64[0];
}

/** 2^n as a double, exactly; -1022 <= n <= 1023. */
export function powerOfTwo(n: number): number {
  return withHighWord(0, (n + 1023) << 20);
}
