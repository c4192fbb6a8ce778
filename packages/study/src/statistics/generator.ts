/**
 * Integers below a bound, the same on every machine for the same seed: a 32-bit mixer (Murmur3's finalizer) over a Weyl
 * sequence. It is used for resampling; networks use the counter-based generator of `@sluice/tensor`.
 */
export function indexGenerator(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  const next32 = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  // 2^32 is so far above any bound used here that the multiplication has no measurable bias.
  return (bound) => Math.floor((next32() / 4294967296) * bound);
}
