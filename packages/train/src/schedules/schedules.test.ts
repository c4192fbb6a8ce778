import { item, scalar, type DType } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { constantSchedule, cosine, exponential, linear, piecewise, stepwise, warmup, type Schedule } from "../index.ts";

const cases: [string, Schedule, (t: number) => number][] = [
  ["constant", constantSchedule(0.3), () => 0.3],
  ["linear", linear({ start: 1, end: 0.2, steps: 40 }), (t) => 1 - 0.8 * Math.min(t / 40, 1)],
  ["exponential", exponential({ start: 0.1, factor: 0.5, every: 7 }), (t) => 0.1 * 0.5 ** (t / 7)],
  ["stepwise", stepwise({ start: 0.1, factor: 0.1, every: 30 }), (t) => 0.1 * 0.1 ** Math.floor(t / 30)],
  [
    "cosine",
    cosine({ start: 0.1, end: 0.01, steps: 80 }),
    (t) => 0.01 + 0.09 * 0.5 * (1 + Math.cos(Math.PI * Math.min(t / 80, 1))),
  ],
  [
    "piecewise",
    piecewise([10, 50], [1, linear({ start: 0.5, steps: 100 }), 0.1]),
    (t) => (t < 10 ? 1 : t < 50 ? 0.5 * (1 - t / 100) : 0.1),
  ],
  [
    "warmup",
    warmup(10, cosine({ start: 2, steps: 50 })),
    (t) => (t < 10 ? (2 * (t + 1)) / 10 : 1 + Math.cos(Math.PI * Math.min((t - 10) / 50, 1))),
  ],
  ["warmup to a constant", warmup(4, 0.5), (t) => (t < 4 ? 0.125 * (t + 1) : 0.5)],
];

describe.each([
  ["f64", 1e-14],
  ["f32", 1e-6],
] as const)("%s", (dtype, tolerance) => {
  test.each(cases)("%s", (_, schedule, expected) => {
    for (let t = 0; t <= 120; t++) {
      const value = schedule(scalar(t, dtype satisfies DType));
      expect(value.dtype).toBe(dtype);
      expect(Math.abs(item(value) - expected(t)), `step ${t}`).toBeLessThanOrEqual(
        tolerance * Math.max(1, Math.abs(expected(0))),
      );
    }
  });
});

test("bad options are named", () => {
  expect(() => piecewise([1, 2], [1, 2])).toThrow("piecewise: 2 boundaries need 3 values, got 2");
  expect(() => piecewise([2, 1], [1, 2, 3])).toThrow("boundaries must rise");
  expect(() => cosine({ start: 1, steps: 0 })).toThrow("cosine: expected steps above 0, got 0");
  expect(() => exponential({ start: 1, gamma: 0.9 } as never)).toThrow(/unknown option gamma; did you mean factor/);
});
