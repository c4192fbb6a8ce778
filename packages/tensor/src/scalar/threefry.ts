/*
 * Threefry-2x32 with 20 rounds: a counter-based random bit generator (Salmon, Moraes, Dror, Shaw: "Parallel random
 * numbers: as easy as 1, 2, 3", SC11). A pure function of key and counter, so the numbers are the same in any order of
 * evaluation.
 */
const PARITY = 0x1bd11bda;

/** Writes the two random words for `key` (k0, k1) and `counter` (c0, c1) to `out[offset]` and `out[offset + 1]`. */
export function threefry2x32Into(
  out: Uint32Array,
  offset: number,
  k0: number,
  k1: number,
  c0: number,
  c1: number,
): void {
  let a = k0 | 0;
  let b = k1 | 0;
  let c = PARITY ^ k0 ^ k1;
  let x = (c0 + a) | 0;
  let y = (c1 + b) | 0;
  for (let group = 1; group <= 5; group++) {
    if (group % 2 === 1) {
      x = (x + y) | 0;
      y = x ^ ((y << 13) | (y >>> 19));
      x = (x + y) | 0;
      y = x ^ ((y << 15) | (y >>> 17));
      x = (x + y) | 0;
      y = x ^ ((y << 26) | (y >>> 6));
      x = (x + y) | 0;
      y = x ^ ((y << 6) | (y >>> 26));
    } else {
      x = (x + y) | 0;
      y = x ^ ((y << 17) | (y >>> 15));
      x = (x + y) | 0;
      y = x ^ ((y << 29) | (y >>> 3));
      x = (x + y) | 0;
      y = x ^ ((y << 16) | (y >>> 16));
      x = (x + y) | 0;
      y = x ^ ((y << 24) | (y >>> 8));
    }
    // After four rounds come the next two words of the key, of which there are three, and the group's number.
    const first = a;
    a = b;
    b = c;
    c = first;
    x = (x + a) | 0;
    y = (y + b + group) | 0;
  }
  out[offset] = x;
  out[offset + 1] = y;
}

const words = new Uint32Array(2);

/** The two random 32-bit words for `key` (k0, k1) and `counter` (c0, c1), unsigned. */
export function threefry2x32(k0: number, k1: number, c0: number, c1: number): [number, number] {
  threefry2x32Into(words, 0, k0, k1, c0, c1);
  return [words[0]!, words[1]!];
}
