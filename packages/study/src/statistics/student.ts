/**
 * P(T <= t) of Student's t with an integer number of degrees of freedom, by its finite series (Abramowitz and Stegun
 * 1964, 26.7.3 and 26.7.4). It uses only operations that every engine rounds alike, so that a report has the same bytes
 * everywhere.
 */
export function studentCdf(t: number, freedom: number): number {
  requireFreedom("studentCdf", freedom);
  if (Number.isNaN(t)) return Number.NaN;
  if (!Number.isFinite(t)) return t > 0 ? 1 : 0;
  return (1 + within(t, freedom)) / 2;
}

/**
 * The quantile of Student's t: the value that T is below with probability `p`, to the last digits of a double, by
 * bisection of `studentCdf`.
 */
export function studentQuantile(p: number, freedom: number): number {
  requireFreedom("studentQuantile", freedom);
  if (!(p > 0 && p < 1)) throw new Error(`studentQuantile: p is ${p}, expected a number between 0 and 1`);
  if (p < 0.5) return -studentQuantile(1 - p, freedom);
  let low = 0;
  let high = 1;
  while (studentCdf(high, freedom) < p && high < 1e15) [low, high] = [high, 2 * high];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (studentCdf(middle, freedom) < p) low = middle;
    else high = middle;
  }
}

/** P(-|t| < T < |t|), with the sign of t. */
function within(t: number, freedom: number): number {
  const sine = t / Math.sqrt(freedom + t * t);
  const cosineSquared = freedom / (freedom + t * t);
  let term = 1;
  let sum = freedom === 1 ? 0 : 1;
  for (let n = freedom % 2 === 0 ? 2 : 3; n <= freedom - 2; n += 2) {
    term *= (cosineSquared * (n - 1)) / n;
    sum += term;
  }
  if (freedom % 2 === 0) return sine * sum;
  return (arctangent(t / Math.sqrt(freedom)) + sine * Math.sqrt(cosineSquared) * sum) / (Math.PI / 2);
}

/**
 * `Math.atan` may differ between engines. Three halvings of the angle bring it below 0.2, where nine terms are exact to
 * a double's last digits.
 */
function arctangent(x: number): number {
  let y = x;
  for (let halving = 0; halving < 3; halving += 1) y /= 1 + Math.sqrt(1 + y * y);
  let sum = 0;
  for (let n = 21; n >= 1; n -= 2) sum = 1 / n - y * y * sum;
  return 8 * y * sum;
}

/** Refuses degrees of freedom that are not an integer from 1. */
export function requireFreedom(name: string, freedom: number): void {
  if (!(Number.isInteger(freedom) && freedom >= 1))
    throw new Error(`${name}: ${freedom} degrees of freedom, expected an integer of at least 1`);
}
