/** Rules that approximate the integral over [0, 1] of a function by a weighted sum of its values. */
import { TensorError } from "@sluice/tensor";
import { cosF64, nth, shown, suggestion } from "@sluice/tensor/internal";

/** Points in [0, 1] and their weights, which add up to 1. */
export interface Quadrature {
  readonly points: Float64Array;
  readonly weights: Float64Array;
}

const evenly = (steps: number, shift: number): Quadrature => ({
  points: Float64Array.from({ length: steps }, (_, i) => (i + shift) / steps),
  weights: new Float64Array(steps).fill(1 / steps),
});

const rules = {
  /** The points and weights that integrate polynomials of degree `2 steps - 1` exactly. */
  gaussLegendre,
  /** Both ends with half the weight of the points between them. */
  trapezoid: (steps: number): Quadrature => ({
    points: Float64Array.from({ length: steps }, (_, i) => i / (steps - 1)),
    weights: Float64Array.from({ length: steps }, (_, i) => (i === 0 || i === steps - 1 ? 0.5 : 1) / (steps - 1)),
  }),
  left: (steps: number): Quadrature => evenly(steps, 0),
  middle: (steps: number): Quadrature => evenly(steps, 0.5),
  right: (steps: number): Quadrature => evenly(steps, 1),
} as const;

/**
 * How an integral from 0 to 1 is approximated: Gauss-Legendre's points, the trapezoid rule with both ends, or a Riemann
 * sum with the left, middle or right point of each interval.
 */
export type QuadratureRule = keyof typeof rules;

/** The points and weights of a rule. */
export function quadrature(operation: string, rule: QuadratureRule, steps: number): Quadrature {
  if (!Object.hasOwn(rules, rule))
    throw new TensorError(
      `${operation}: unknown rule ${String(rule)}; ${suggestion(String(rule), Object.keys(rules))}`,
    );
  const least = rule === "trapezoid" ? 2 : 1;
  if (!Number.isInteger(steps) || steps < least)
    throw new TensorError(
      `${operation}: steps must be an integer of at least ${least} for the rule ${rule}, got ${shown(steps)}`,
    );
  return rules[rule](steps);
}

/**
 * Gauss-Legendre quadrature: the roots of the Legendre polynomial P_n by Newton's method, and the weights 2 / ((1 - x^2)
 * P_n'(x)^2), moved from [-1, 1] to [0, 1] (Abramowitz, Stegun 1964, 25.4.30).
 */
function gaussLegendre(n: number): Quadrature {
  const points = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < Math.ceil(n / 2); i++) {
    let x = cosF64((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let iteration = 0; iteration < 10; iteration++) {
      const { value, derivative } = legendre(n, x);
      slope = derivative;
      x -= value / derivative;
    }
    // The middle root of an odd polynomial.
    if (2 * i + 1 === n) {
      x = 0;
      slope = legendre(n, 0).derivative;
    }
    const weight = 1 / ((1 - x * x) * slope * slope);
    [points[i], points[n - 1 - i]] = [(1 - x) / 2, (1 + x) / 2];
    [weights[i], weights[n - 1 - i]] = [weight, weight];
  }
  const total = weights.reduce((a, b) => a + b, 0);
  return { points, weights: weights.map((_, i) => nth(weights, i) / total) };
}

/** The Legendre polynomial P_n and its derivative at `x`, inside (-1, 1). */
function legendre(n: number, x: number): { readonly value: number; readonly derivative: number } {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return { value, derivative: (n * (x * value - before)) / (x * x - 1) };
}
