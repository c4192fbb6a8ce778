import { expF64, logF64 } from "@sluice/tensor/internal";
import { normalCdf } from "./normal.ts";
import { requireFreedom } from "./student.ts";

/**
 * P(T <= t) of the noncentral t distribution: (Z + shift) / S, where Z is standard normal and S² is chi-square divided
 * by its degrees of freedom. It is the distribution of t if the mean is not that of the hypothesis, and gives the power
 * of a test.
 */
export function noncentralCdf(t: number, freedom: number, shift: number): number {
  requireFreedom("noncentralCdf", freedom);
  return meanOverSpread((s) => normalCdf(t * s - shift), freedom);
}

/**
 * The mean of f(s) over the estimated spread: s² is chi-square with `freedom` degrees of freedom, divided by them. `f`
 * counts as 0 for s above `most`.
 *
 * Simpson's rule in u = log s, where the density is proportional to exp(freedom (u - s²/2)); its constant is the
 * integral of the density by the same rule.
 */
export function meanOverSpread(f: (s: number) => number, freedom: number, most = Number.POSITIVE_INFINITY): number {
  const density = (u: number): number => expF64(freedom * (u - (expF64(2 * u) - 1) / 2));
  const step = Math.min(0.02, 0.1 / Math.sqrt(freedom));
  const end = (direction: 1 | -1): number => {
    let u = 0;
    while (density(u) > 1e-17) u += 20 * direction * step;
    return u;
  };
  const [low, high] = [end(-1), end(1)];
  const integral = (g: (u: number) => number, to: number): number => {
    const intervals = 2 * Math.max(1, Math.ceil((to - low) / step / 2));
    const width = (to - low) / intervals;
    let sum = g(low) + g(to);
    for (let i = 1; i < intervals; i += 1) sum += (i % 2 === 1 ? 4 : 2) * g(low + i * width);
    return (sum * width) / 3;
  };
  const last = most === Number.POSITIVE_INFINITY ? high : Math.min(high, logF64(most));
  if (last <= low) return 0;
  return integral((u) => density(u) * f(expF64(u)), last) / integral(density, high);
}
