import { nth } from "../lists.ts";

/** A derivative from central differences, with its uncertainty. */
export interface Difference {
  readonly value: number;
  /** A bound on what rounding and truncation changed; Infinity if a value of the function is not finite. */
  readonly uncertainty: number;
}

/** Options of {@link differenceOf}. */
export interface DifferenceOptions {
  /** The rounding error of a value of the function: see {@link noiseOf}. */
  readonly noise: number;
  /** The unit of the steps, such as max(1, |x|). Default 1. */
  readonly unit?: number;
  /** Stop early if the difference agrees with this value up to rounding. */
  readonly expected?: number;
}

/** Step sizes in units. Smaller ones are needed where larger ones are too coarse, as near a kink of relu or a pole. */
const steps = [1 / 1024, 1 / 8192, 1 / 131072, 1 / 1048576, 1 / 8388608];

/** How many standard deviations of its rounding error a value of the function may be off. */
const deviations = 8;

/**
 * The derivative at 0 of `f`, from central differences of fourth and sixth order,
 *
 *     D4 = (8 d1 - d2) / 12h        D6 = (45 d1 - 9 d2 + d3) / 60h        dk = f(kh) - f(-kh)
 *
 * Two errors separate a difference from the derivative. Rounding: an error of `noise` in every value of f becomes at
 * most `noise sum |coefficients| / h`, which is 1.5 noise / h for D4 and 1.84 noise / h for D6. It grows as the step
 * shrinks. Truncation: for D4 it is `h^4 f'''''/30`, and `|D6 - D4|` measures it; the truncation of D6 falls with h^6
 * and is smaller. The uncertainty is the sum of both. It is computed without the expected value, for one step size
 * after another until rounding outweighs truncation. The step with the least uncertainty is used.
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
    // The offsets themselves are rounded to the precision of f's argument, which moves the values by the slope times
    // that rounding.
    const rounding = ((11 / 6) * deviations * (noise + Number.EPSILON * unit * Math.abs(sixth))) / h;
    const truncation = Math.abs(sixth - fourth);
    if (rounding + truncation < best.uncertainty) best = { value: sixth, uncertainty: rounding + truncation };
    if (truncation < rounding) break;
  }
  return best;
}

/**
 * Distances of neighboring arguments. They are small enough that a smooth function's fourth difference vanishes and
 * that a kink in between is unlikely. They are large enough that rounding differs from value to value even if terms of
 * up to 10^7 cancel. There are several without a simple ratio, because one distance may be almost a multiple of the
 * unit in the last place, and all values would then be rounded alike.
 */
const nearby = [1, 1.4142135623730951, 1.618033988749895].map((ratio) => 3.7e-9 * ratio);

/**
 * The rounding error of a value of `f` near 0, as a standard deviation. It comes from differences of fourth to sixth
 * order between neighboring arguments, in which the smooth part of f cancels and rounding does not (Moré, Wild 2011,
 * "Estimating computational noise", doi:10.1137/100786125). The arguments are on one side, so that a kink at 0 does not
 * count. The result is at least `2^-52 magnitude`, the rounding of f's last sum.
 */
export function noiseOf(f: (offset: number) => number, magnitude: number): number {
  const measured = nearby.flatMap((distance) =>
    noiseOfDifferences(Array.from({ length: 9 }, (_, i) => f(i * distance))),
  );
  // At the edge of f's domain nothing can be measured.
  return Math.max(Number.EPSILON * magnitude, ...measured.filter(Number.isFinite));
}

/**
 * The standard deviation of the noise in equally spaced values of a smooth function, from their differences of fourth,
 * fifth and sixth order.
 */
function noiseOfDifferences(values: readonly number[]): number[] {
  let differences = values;
  let variance = 1;
  const found: number[] = [];
  for (let order = 1; order <= 6; order++) {
    differences = differences.slice(1).map((value, i) => value - nth(differences, i));
    // For independent errors of variance 1 the difference of this order has the variance (2k)! / k!^2.
    variance *= (2 * (2 * order - 1)) / order;
    if (order >= 4)
      found.push(Math.sqrt(differences.reduce((sum, d) => sum + d * d, 0) / differences.length / variance));
  }
  return found;
}
