import { valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { dampedOscillators, echo, irregularSines, type QueriedCurves } from "../index.ts";

const sizes = { train: 400, validation: 0, test: 10 };
const total = (values: Iterable<number>): number => [...values].reduce((sum, value) => sum + value, 0);

interface Curve {
  readonly times: readonly number[];
  readonly values: readonly number[];
  readonly query: number;
  readonly target: number;
  readonly parameters: readonly number[];
}

function curvesOf({ x, elapsed, lengths, y, parameters }: QueriedCurves): Curve[] {
  const [, steps = 0] = x.shape;
  const [, width = 0] = parameters.shape;
  return Array.from(valuesOf(lengths), (length, i) => {
    const gaps = [...valuesOf(elapsed).subarray(i * steps, (i + 1) * steps)];
    const features = [...valuesOf(x).subarray(2 * i * steps, 2 * (i + 1) * steps)];
    const observed = features.filter((_, k) => k % 2 === 1);
    expect(observed).toEqual(observed.map((_, t) => (t < length - 1 ? 1 : 0)));
    expect(features.slice(2 * (length - 1)).every((value) => value === 0)).toBe(true);
    expect(gaps.slice(length).every((gap) => gap === 0)).toBe(true);
    expect(gaps.every((gap) => gap >= 0)).toBe(true);
    const times = gaps.slice(0, length).map((_, t) => total(gaps.slice(0, t + 1)));
    return {
      times: times.slice(0, -1),
      values: features.filter((_, k) => k % 2 === 0).slice(0, length - 1),
      query: times.at(-1) ?? NaN,
      target: valuesOf(y)[i] ?? NaN,
      parameters: [...valuesOf(parameters).subarray(i * width, (i + 1) * width)],
    };
  });
}

const families: readonly [
  string,
  (options: object) => { train: QueriedCurves },
  (t: number, p: readonly number[]) => number,
][] = [
  [
    "damped oscillators",
    (options) => dampedOscillators({ ...sizes, ...options }),
    (t, [A = 0, g = 0, w = 0, p = 0]) => A * Math.exp(-g * t) * Math.cos(w * t + p),
  ],
  [
    "sines",
    (options) => irregularSines({ ...sizes, ...options }),
    (t, [a = 0, v = 0, p = 0, b = 0, w = 0, q = 0]) => a * Math.sin(v * t + p) + b * Math.sin(w * t + q),
  ],
];

describe.each(families)("%s", (_, make, at) => {
  test("without noise every value is that of the curve, and so is the target", () => {
    for (const curve of curvesOf(make({ noise: 0, observations: 12, fewest: 3 }).train)) {
      curve.times.forEach((t, i) =>
        expect(Math.abs((curve.values[i] ?? NaN) - at(t, curve.parameters))).toBeLessThan(2e-5),
      );
      expect(Math.abs(curve.target - at(curve.query, curve.parameters))).toBeLessThan(2e-5);
      expect(curve.query).toBeGreaterThanOrEqual(10 - 1e-4);
      expect(curve.query).toBeLessThan(12 + 1e-4);
      expect(curve.times.every((t) => t >= 0 && t < 10 + 1e-4)).toBe(true);
    }
  });

  test("noise has its deviation, times are uniform, and counts are those asked for", () => {
    const curves = curvesOf(make({ noise: 0.3, observations: 20, fewest: 10, span: 5, ahead: 0 }).train);
    const errors = curves.flatMap(({ times, values, parameters }) =>
      times.map((t, i) => (values[i] ?? NaN) - at(t, parameters)),
    );
    const n = errors.length;
    // Five standard deviations of the mean and of the mean square of normal errors.
    expect(Math.abs(total(errors) / n)).toBeLessThan((5 * 0.3) / Math.sqrt(n));
    expect(Math.abs(total(errors.map((e) => e * e)) / n - 0.09)).toBeLessThan(5 * 0.09 * Math.sqrt(2 / n));
    const times = curves.flatMap((curve) => curve.times);
    expect(Math.abs(total(times) / n - 2.5)).toBeLessThan((5 * 5) / Math.sqrt(12 * n));
    expect(new Set(curves.map((curve) => curve.times.length)).size).toBe(11);
    expect(curves.every(({ query }) => Math.abs(query - 5) < 1e-4)).toBe(true);
  });
});

test("parameters are in their intervals", () => {
  const { parameters } = dampedOscillators({ ...sizes, amplitude: [2, 3], damping: [0, 0], frequency: [1, 1] }).train;
  valuesOf(parameters).forEach((value, i) => {
    const [low, high] = [
      [2, 3],
      [0, 0],
      [1, 1],
      [0, 2 * Math.PI],
    ][i % 4] ?? [NaN, NaN];
    expect(value).toBeGreaterThanOrEqual(low ?? NaN);
    expect(value).toBeLessThanOrEqual(Math.fround(high ?? NaN));
  });
});

test("echo: every delay's feature is the number of so many steps before", () => {
  const { x, y } = echo({ delays: 3, time: 9, ...sizes }).train;
  expect([x.shape, y.shape]).toEqual([
    [400, 9, 1],
    [400, 9, 3],
  ]);
  const values = valuesOf(x);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.5);
  expect(Math.max(...values)).toBeLessThan(0.5);
  // The published variance of the input, 1/12; that of its square is 1/180.
  expect(Math.abs(total(values.map((v) => v * v)) / values.length - 1 / 12)).toBeLessThan(
    5 * Math.sqrt(1 / 180 / values.length),
  );
  for (let i = 0; i < 400; i++)
    for (let t = 0; t < 9; t++)
      for (let delay = 1; delay <= 3; delay++)
        expect(valuesOf(y)[(i * 9 + t) * 3 + delay - 1]).toBe(t < delay ? 0 : values[i * 9 + t - delay]);
});

test.each<[() => unknown, string]>([
  [() => echo({ delays: 3, time: 3 }), "echo: time must be more than the longest delay of 3 steps, got 3"],
  [() => echo(Object({ delay: 3 })), "echo: unknown option delay; did you mean delays?"],
  [() => dampedOscillators({ fewest: 40 }), "dampedOscillators: fewest must be at most observations, 30, got 40"],
  [() => dampedOscillators({ span: 0 }), "dampedOscillators: span must be a time above 0, got 0"],
  [() => dampedOscillators({ noise: -1 }), "dampedOscillators: noise must be a number of at least 0, got -1"],
  [
    () => dampedOscillators({ damping: [-1, 1] }),
    "dampedOscillators: damping must be an interval [lowest, highest] of",
  ],
  [() => irregularSines({ amplitude: [2, 1] }), "irregularSines: amplitude must be an interval [lowest, highest], got"],
  [() => irregularSines({ sines: 0 }), "irregularSines: sines must be an integer >= 1, got 0"],
  [() => irregularSines(Object({ horizon: 3 })), "irregularSines: unknown option horizon; did you mean ahead?"],
])("refuses %s", (make, message) => {
  expect(make).toThrow(message);
});
