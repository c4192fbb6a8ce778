/** A derivative from central differences, and how far from the true one it may be. */
export interface Difference {
  readonly value: number;
  /** What rounding and truncation may have changed; Infinity where a value of the function is not finite. */
  readonly uncertainty: number;
}

export interface DifferenceOptions {
  /** The rounding error of a value of the function: see {@link noiseOf}. */
  readonly noise: number;
  /** The unit of the steps, such as max(1, |x|). Default 1. */
  readonly unit?: number;
  /** Stop early where the derivative is found to be this but for rounding. */
  readonly expected?: number;
}

/** In units; a smaller step where a larger one is too coarse, as next to a kink of relu or a pole. */
const steps = [1 / 1024, 1 / 8192, 1 / 131072, 1 / 1048576, 1 / 8388608];

/** How many standard deviations of its rounding a value of the function may be off. */
const deviations = 8;

/**
 * The derivative at 0 of `f`, from central differences of fourth and sixth order,
 *
 *     D4 = (8 d1 - d2) / 12h        D6 = (45 d1 - 9 d2 + d3) / 60h        dk = f(kh) - f(-kh)
 *
 * Two things part a difference from the derivative. Rounding: an error of `noise` in every value of f becomes at most
 * `noise sum |coefficients| / h`, 1.5 noise / h of D4 and 1.84 noise / h of D6; it grows as the step shrinks.
 * Truncation: that of D4 is `h^4 f'''''/30`, and `|D6 - D4|` measures it; D6, whose own falls with h^6, lies nearer.
 * The uncertainty is the sum of both. It is found without knowing what is expected, for one step after another until
 * rounding outweighs truncation; the step with the least uncertainty counts.
 */
export function differenceOf(
  f: (offset: number) => number,
  { noise, unit = 1, expected }: DifferenceOptions,
): Difference {
  let best: Difference = { value: NaN, uncertainty: Infinity };
  for (const step of steps) {
    const h = step * unit;
    const across = (k: number): number => f(k * h) - f(-k * h);
    const [d1, d2] = [across(1), across(2)];
    const fourth = (8 * d1 - d2) / (12 * h);
    if (expected !== undefined && Math.abs(expected - fourth) <= (1.5 * deviations * noise) / h)
      return { value: fourth, uncertainty: (1.5 * deviations * noise) / h };
    const sixth = (45 * d1 - 9 * d2 + across(3)) / (60 * h);
    // The offsets themselves are rounded to what can be told apart at f's argument, which moves the values by the slope
    // times that.
    const rounding = ((11 / 6) * deviations * (noise + Number.EPSILON * unit * Math.abs(sixth))) / h;
    const truncation = Math.abs(sixth - fourth);
    if (rounding + truncation < best.uncertainty) best = { value: sixth, uncertainty: rounding + truncation };
    if (truncation < rounding) break;
  }
  return best;
}

/**
 * Distances of neighbouring arguments: small enough that a smooth function's fourth difference vanishes and that no
 * kink is likely between, large enough that every value is rounded anew where terms of up to 10^7 cancel. Several in no
 * simple ratio, because one may be all but a multiple of the unit in the last place, so that all values are rounded
 * alike.
 */
const nearby = [1, 1.4142135623730951, 1.618033988749895].map((ratio) => 3.7e-9 * ratio);

/**
 * The rounding error of a value of `f` near 0, as a standard deviation: that of its differences of fourth to sixth
 * order between neighbouring arguments (to one side: a kink at 0 does not count), in which what is smooth in f cancels
 * and rounding does not (Moré, Wild 2011, "Estimating computational noise", doi:10.1137/100786125). At least `2^-52
 * magnitude`, of what f adds up last.
 */
export function noiseOf(f: (offset: number) => number, magnitude: number): number {
  const measured = nearby.flatMap((distance) =>
    noiseOfDifferences(Array.from({ length: 9 }, (_, i) => f(i * distance))),
  );
  // At the edge of where f is defined nothing can be measured.
  return Math.max(Number.EPSILON * magnitude, ...measured.filter(Number.isFinite));
}

/**
 * The standard deviation of what is added to equally spaced values of a smooth function, by their differences of
 * fourth, fifth and sixth order.
 */
function noiseOfDifferences(values: readonly number[]): number[] {
  let differences = values;
  let variance = 1;
  const found: number[] = [];
  for (let order = 1; order <= 6; order++) {
    differences = differences.slice(1).map((value, i) => value - differences[i]!);
    // Of independent errors of variance 1 the difference of this order has the variance (2k)! / k!^2.
    variance *= (2 * (2 * order - 1)) / order;
    if (order >= 4)
      found.push(Math.sqrt(differences.reduce((sum, d) => sum + d * d, 0) / differences.length / variance));
  }
  return found;
}
