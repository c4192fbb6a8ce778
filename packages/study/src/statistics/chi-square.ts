import { expF64 } from "@sluice/tensor/internal";
import { normalCdf } from "./normal.ts";
import { requireFreedom } from "./student.ts";

/**
 * P(X > x) of the chi-square distribution with an integer number of degrees of freedom, by its finite series
 * (Abramowitz and Stegun 1964, 26.4.4 and 26.4.5).
 */
export function chiSquareTail(x: number, freedom: number): number {
  requireFreedom("chiSquareTail", freedom);
  if (x <= 0) return 1;
  const even = freedom % 2 === 0;
  // Even: e^(-x/2) sum of (x/2)^k / k!. Odd: the same with half-integer k, after the two tails of the normal.
  let term = expF64(-x / 2) * (even ? 1 : Math.sqrt((2 * x) / Math.PI));
  let sum = even ? term : 2 * normalCdf(-Math.sqrt(x));
  for (let k = even ? 1 : 0.5; k < freedom / 2; k += 1) {
    if (k >= 1) term *= x / 2 / k;
    sum += term;
  }
  return Math.min(1, sum);
}
