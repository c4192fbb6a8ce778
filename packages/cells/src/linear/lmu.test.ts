// The system of an LMU against keras-lmu's, what it is for, and options that do not fit. Its equations are in
// golden.test.ts.
import { expect, test } from "vitest";
import { fixtureOf } from "../../../../fixtures/cells/fixture-of.ts";
import { lmu } from "../index.ts";
import { delayNetwork } from "./delay-network.ts";

test("A and B are keras-lmu's, which act from the right", () => {
  for (const { options, constants } of fixtureOf("keras-lmu", "lmu").cases) {
    const order = Number(options["order"]);
    const rule = options["discretizer"] === "euler" ? "euler" : "zoh";
    const { A, B } = delayNetwork(order, Number(options["theta"]), rule);
    constants["B"]!.data.forEach((b, i) => expect(B[i]).toBeCloseTo(b, 13));
    constants["A"]!.data.forEach((a, i) => expect(A[(i % order) * order + Math.floor(i / order)]).toBeCloseTo(a, 13));
  }
});

test("the sum of the coefficients is the signal theta steps ago", () => {
  const [order, theta] = [12, 40];
  const { A, B } = delayNetwork(order, theta, "zoh");
  const signal = (t: number): number => Math.sin(t / 8);
  let m = new Array<number>(order).fill(0);
  for (let t = 0; t < 400; t++) {
    m = m.map((_, i) => m.reduce((total, v, j) => total + A[i * order + j]! * v, B[i]! * signal(t)));
    // Legendre polynomials, shifted, are all 1 at the end of the window.
    if (t > 100) expect(Math.abs(m.reduce((total, v) => total + v, 0) - signal(t - theta + 0.5))).toBeLessThan(2e-3);
  }
});

test("options that do not fit are named", () => {
  const sizes = { input: 2, hidden: 3, order: 4, theta: 10 };
  expect(() => lmu({ ...sizes, order: 0 })).toThrow("lmu: order must be an integer >= 1, got 0");
  expect(() => lmu({ ...sizes, theta: 0 })).toThrow("lmu: theta must be a number of steps above 0, got 0");
  expect(() => lmu({ ...sizes, memories: 1.5 })).toThrow("lmu: memories must be an integer >= 1, got 1.5");
  expect(() => lmu({ ...sizes, discretization: "bilinear" as "zoh" })).toThrow("lmu: unknown discretization bilinear");
  expect(() => lmu({ ...sizes, biases: 2 as 1 })).toThrow("lmu: biases must be 0 or 1, got 2");
});
