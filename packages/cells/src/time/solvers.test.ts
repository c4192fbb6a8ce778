// The solvers against closed forms, with the order in which their errors fall.
import { key, matmul, mul, normal, sub, sum, tensor, valuesOf, grad, type Tensor } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { checkSolver, solveOde, type OdeMethod } from "./solvers.ts";

const methods: readonly (readonly [OdeMethod, number])[] = [
  ["euler", 1],
  ["midpoint", 2],
  ["rk4", 4],
];

// Rotation and decay: dy/dt = y A, whose solution is exp(-a t) (y0 cos w t - y1 sin w t, y0 sin w t + y1 cos w t).
const [a, w] = [0.3, 1.7];
const A = tensor([-a, w, -w, -a], [2, 2], { dtype: "f64" });
const linear = (y: Tensor): Tensor => matmul(y, A);
const start = [
  [1, 0.5],
  [-0.7, 2],
] as const;
const times = [0.5, 1.25] as const;
const y0 = tensor(start.flat(), [2, 2], { dtype: "f64" });
const dt = tensor([...times], [2, 1], { dtype: "f64" });
const exact = start.flatMap(([p, q], row) => {
  const t = times[row] ?? 0;
  const [gone, c, s] = [Math.exp(-a * t), Math.cos(w * t), Math.sin(w * t)];
  return [gone * (p * c - q * s), gone * (p * s + q * c)];
});
const error = (method: OdeMethod, steps: number): number => {
  const found = valuesOf(solveOde(linear, y0, dt, { method, steps }));
  return Math.max(...exact.map((value, i) => Math.abs((found[i] ?? NaN) - value)));
};

describe.each(methods)("%s", (method, order) => {
  test(`is of order ${order} for a linear equation`, () => {
    // Twice the steps divide the error by 2^order.
    const observed = Math.log2(error(method, 64) / error(method, 128));
    expect(observed).toBeGreaterThan(order - 0.1);
    expect(observed).toBeLessThan(order + 0.1);
  });

  test(`is of order ${order} for the logistic equation`, () => {
    // dy/dt = y (1 - y) from 0.1: y = 1 / (1 + 9 exp(-t)).
    const at = (steps: number): number => {
      const y = tensor([0.1], [1, 1], { dtype: "f64" });
      const t = tensor([3], [1, 1], { dtype: "f64" });
      const found = solveOde((u) => mul(u, sub(1, u)), y, t, { method, steps });
      return Math.abs((valuesOf(found)[0] ?? NaN) - 1 / (1 + 9 * Math.exp(-3)));
    };
    const observed = Math.log2(at(64) / at(128));
    expect(observed).toBeGreaterThan(order - 0.1);
    expect(observed).toBeLessThan(order + 0.1);
  });

  test(`takes a step of a linear equation by the Taylor polynomial of degree ${order}`, () => {
    const found = valuesOf(solveOde(linear, y0, dt, { method, steps: 1 }));
    start.forEach((begin, row) => {
      const t = times[row] ?? 0;
      let term: readonly [number, number] = begin;
      const total: [number, number] = [...begin];
      for (let k = 1; k <= order; k++) {
        const [p, q] = term;
        term = [((-a * p - w * q) * t) / k, ((w * p - a * q) * t) / k];
        total[0] += term[0];
        total[1] += term[1];
      }
      expect(found[2 * row]).toBeCloseTo(total[0], 13);
      expect(found[2 * row + 1]).toBeCloseTo(total[1], 13);
    });
  });

  test("of no time is where it began", () => {
    const still = solveOde(linear, y0, tensor([0, 0], [2, 1], { dtype: "f64" }), { method, steps: 3 });
    expect([...valuesOf(still)]).toEqual([...valuesOf(y0)]);
  });

  test("has the gradient of the closed form with respect to start and time", () => {
    // d/dt of the sum of the solution is the sum of y(t) A.
    const R = normal(key(1), [2, 2], { dtype: "f64" });
    const loss = (t: Tensor): Tensor => sum(mul(R, solveOde(linear, y0, t, { method: "rk4", steps: 200 })));
    const [g] = [valuesOf(grad(loss)(dt))];
    const r = valuesOf(R);
    [0, 1].forEach((row) => {
      const [p, q] = [exact[2 * row] ?? NaN, exact[2 * row + 1] ?? NaN];
      const rate = (r[2 * row] ?? NaN) * (-a * p - w * q) + (r[2 * row + 1] ?? NaN) * (w * p - a * q);
      expect(g[row]).toBeCloseTo(rate, 8);
    });
  });
});

test("a solver that cannot be is refused", () => {
  expect(() => checkSolver("odeRnn", { method: "euler", steps: 0 })).toThrow(
    "odeRnn: steps must be an integer >= 1, got 0",
  );
  expect(() => checkSolver("odeRnn", { method: JSON.parse('"heun"'), steps: 1 })).toThrow(
    "odeRnn: unknown method heun",
  );
});
