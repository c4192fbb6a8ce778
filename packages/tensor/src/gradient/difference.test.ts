import { describe, expect, test } from "vitest";
import { differenceOf, noiseOf } from "./difference.ts";

describe("a difference is off by less than it says", () => {
  const functions: [string, (x: number) => number, (x: number) => number][] = [
    ["exp", Math.exp, Math.exp],
    ["sin 30 x, of truncation", (x) => Math.sin(30 * x), (x) => 30 * Math.cos(30 * x)],
    ["atan 1000 x, steep", (x) => Math.atan(1000 * x), (x) => 1000 / (1 + 1e6 * x * x)],
    ["relu, near its kink", (x) => Math.max(x, 1e-5), (x) => (x > 1e-5 ? 1 : 0)],
    ["log, near its pole", (x) => Math.log(Math.abs(x) + 1e-4), (x) => Math.sign(x) / (Math.abs(x) + 1e-4)],
    ["large terms that cancel", (x) => Math.tanh(x) + 1e6 - 1e6, (x) => 1 - Math.tanh(x) * Math.tanh(x)],
  ];
  test.each(functions)("%s", (_, f, slope) => {
    for (let i = 0; i < 500; i++) {
      const x = 2e-5 + i * 0.0031;
      const g = (offset: number): number => f(x + offset);
      const { value, uncertainty } = differenceOf(g, { noise: noiseOf(g, Math.abs(f(x))) });
      expect(Math.abs(value - slope(x)), `${x}: ${value} ± ${uncertainty}`).toBeLessThanOrEqual(uncertainty);
    }
  });
});

test("where values are exact to 2^-53, a derivative is known to 1e-11", () => {
  const { uncertainty } = differenceOf((offset) => Math.exp(1 + offset), {
    noise: noiseOf((offset) => Math.exp(1 + offset), Math.E),
  });
  expect(uncertainty).toBeLessThan(2e-11);
});

test("noise is that of rounding, whatever the function's slope", () => {
  // Rounding to multiples of 2^-33, the unit of numbers about 10^6, is off by 2^-33 / sqrt(12) in the mean.
  const rounding = 2 ** -33 / Math.sqrt(12);
  const noise = noiseOf((offset) => Math.sin(3 + 3 * offset) + 1e6 - 1e6, 1);
  expect(noise / rounding).toBeGreaterThan(1 / 3);
  expect(noise / rounding).toBeLessThan(3);
  expect(noiseOf((offset) => Math.exp(100 * offset), 1)).toBeLessThan(2 ** -50);
  expect(noiseOf((offset) => Math.abs(offset), 0)).toBeLessThan(2 ** -50);
});

test("what is not finite has no derivative", () => {
  expect(differenceOf((offset) => Math.sqrt(offset), { noise: 1e-16 }).uncertainty).toBe(Infinity);
});
