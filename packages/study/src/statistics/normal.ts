/**
 * P(Z <= z) of the standard normal distribution, to about 1e-14 (Marsaglia 2004, "Evaluating the normal distribution").
 * It uses only operations that every engine rounds alike.
 */
export function normalCdf(z: number): number {
  if (Number.isNaN(z)) return Number.NaN;
  if (z < -8.3) return 0;
  if (z > 8.3) return 1;
  let sum = z;
  let term = z;
  for (let n = 3; sum + term !== sum; n += 2) {
    term *= (z * z) / n;
    sum += term;
  }
  return Math.max(0, 0.5 + (sum / exponential((z * z) / 2)) * 0.3989422804014327);
}

/**
 * The quantile of the standard normal distribution: the value that a variable is below with probability `p`, by
 * bisection of `normalCdf`.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) throw new Error(`normalQuantile: p is ${p}, expected a number from 0 to 1`);
  if (p === 0) return Number.NEGATIVE_INFINITY;
  if (p === 1) return Number.POSITIVE_INFINITY;
  let low = -8.3;
  let high = 8.3;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
}

/** exp(x) for 0 <= x < 40: the series of x / 1024, squared ten times. */
function exponential(x: number): number {
  const small = x / 1024;
  let power = 0;
  for (let n = 12; n >= 1; n -= 1) power = (small / n) * (1 + power);
  // Squaring exp(x) - 1 instead of exp(x) keeps the digits that 1 + power would round away.
  for (let squaring = 0; squaring < 10; squaring += 1) power = power * (2 + power);
  return 1 + power;
}
