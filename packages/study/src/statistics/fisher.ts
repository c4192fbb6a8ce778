import { powF64 } from "@sluice/tensor/internal";
import { requireFreedom, studentCdf } from "./student.ts";

/**
 * P(F > f) of the F distribution with integer degrees of freedom, by the recurrence of the incomplete beta function
 * (Abramowitz and Stegun 1964, 26.5.16), which only adds positive terms.
 *
 * @param above Degrees of freedom of the numerator.
 * @param below Degrees of freedom of the denominator.
 */
export function fisherTail(f: number, above: number, below: number): number {
  requireFreedom("fisherTail", above);
  requireFreedom("fisherTail", below);
  if (!(f > 0)) return Number.isNaN(f) ? f : 1;
  if (f === Number.POSITIVE_INFINITY) return 0;
  const x = below / (below + above * f);
  const a = below / 2;
  // I_x(a, b) for b = 1/2 (two tails of Student's t) or b = 1, and its increment x^a (1 - x)^b / (b B(a, b)).
  const odd = above % 2 === 1;
  let sum = odd ? 2 * studentCdf(-Math.sqrt(above * f), below) : powF64(x, a);
  let term = odd ? (powF64(x, a) * Math.sqrt(1 - x) * 2) / betaWithHalf(below) : powF64(x, a) * (1 - x) * a;
  for (let b = odd ? 0.5 : 1; b < above / 2; b += 1) {
    sum += term;
    term *= ((1 - x) * (a + b)) / (b + 1);
  }
  return Math.min(1, sum);
}

/** B(n / 2, 1 / 2). */
function betaWithHalf(n: number): number {
  let beta = n % 2 === 0 ? 2 : Math.PI;
  for (let m = n % 2 === 0 ? 2 : 1; m < n; m += 2) beta *= m / (m + 1);
  return beta;
}
