import { expectNear } from "@sluice/tensor/testing";
import { expect, test } from "vitest";
import { quadrature } from "./quadrature.ts";

const powers = (n: number): number[] => Array.from({ length: n }, (_, k) => k);

test.each([1, 2, 3, 7, 20, 51, 200])("%i points of Gauss-Legendre integrate polynomials of degree 2n - 1", (n) => {
  const { points, weights } = quadrature("test", "gaussLegendre", n);
  const integrals = powers(2 * n).map((k) =>
    points.reduce((total, x, i) => total + weights[i]! * (k === 0 ? 1 : x ** k), 0),
  );
  expectNear(
    "integrals of x^k",
    integrals,
    powers(2 * n).map((k) => 1 / (k + 1)),
    1e-14,
  );
  expect([...points]).toEqual([...points].toSorted((a, b) => a - b));
});

test("the points and weights of five points, from Abramowitz and Stegun's table 25.4", () => {
  const { points, weights } = quadrature("test", "gaussLegendre", 5);
  const x = [-0.906179845938664, -0.538469310105683, 0, 0.538469310105683, 0.906179845938664];
  const w = [0.236926885056189, 0.478628670499366, 0.568888888888889, 0.478628670499366, 0.236926885056189];
  expectNear(
    "points",
    points,
    x.map((y) => (1 + y) / 2),
    1e-15,
  );
  expectNear(
    "weights",
    weights,
    w.map((y) => y / 2),
    1e-15,
  );
});

test("the trapezoid rule and Riemann sums", () => {
  const of = (rule: "trapezoid" | "left" | "middle" | "right") => {
    const { points, weights } = quadrature("test", rule, 5);
    return [[...points], [...weights]];
  };
  expect(of("trapezoid")).toEqual([
    [0, 0.25, 0.5, 0.75, 1],
    [0.125, 0.25, 0.25, 0.25, 0.125],
  ]);
  const fifths = [0.2, 0.2, 0.2, 0.2, 0.2];
  expect(of("left")).toEqual([[0, 0.2, 0.4, 0.6, 0.8], fifths]);
  expect(of("middle")).toEqual([[0.1, 0.3, 0.5, 0.7, 0.9], fifths]);
  expect(of("right")).toEqual([[0.2, 0.4, 0.6, 0.8, 1], fifths]);
});
