import { expF64 } from "@sluice/tensor/internal";
import { normalCdf } from "./normal.ts";

const STEP = 0.05;
const INVERSE_ROOT = 0.3989422804014327;

/**
 * P(Q > q) of the range of `groups` independent standard normal numbers: the studentized range with infinitely many
 * degrees of freedom, as Nemenyi's test needs it. The trapezoidal rule is exact to about 1e-13 here, because the
 * integrand is smooth and vanishes at both ends.
 */
export function studentizedRangeTail(q: number, groups: number): number {
  if (!(Number.isInteger(groups) && groups >= 2))
    throw new Error(`studentizedRangeTail: ${groups} groups, expected an integer of at least 2`);
  if (q <= 0) return 1;
  let sum = 0;
  for (let z = -8.5; z <= 8.5; z += STEP) {
    const inside = normalCdf(z) - normalCdf(z - q);
    let all = groups * INVERSE_ROOT * expF64((-z * z) / 2) * STEP;
    for (let other = 1; other < groups; other += 1) all *= inside;
    sum += all;
  }
  return Math.max(0, 1 - sum);
}

/** The q that the range of `groups` standard normal numbers exceeds with probability `p`. */
export function studentizedRangePoint(p: number, groups: number): number {
  if (!(p > 0 && p < 1)) throw new Error(`studentizedRangePoint: p is ${p}, expected a number between 0 and 1`);
  let low = 0;
  let high = 20;
  while (high - low > 1e-12) {
    const middle = (low + high) / 2;
    if (studentizedRangeTail(middle, groups) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
