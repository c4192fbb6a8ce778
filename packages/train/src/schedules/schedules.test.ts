import { item, scalar, type DType } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { readFileSync } from "node:fs";
import {
  constantSchedule,
  cosine,
  cosineRestarts,
  exponential,
  linear,
  oneCycle,
  piecewise,
  polynomialDecay,
  stepwise,
  warmup,
  type Schedule,
} from "../index.ts";

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
  [
    "polynomial decay with an end",
    polynomialDecay({ start: 1, end: 0.2, steps: 40, power: 3 }),
    (t) => 0.2 + 0.8 * (1 - Math.min(t / 40, 1)) ** 3,
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

interface GoldenSchedule {
  readonly name: string;
  readonly schedule: "cosine_restarts" | "one_cycle" | "polynomial";
  readonly options: Readonly<Record<string, number>>;
  readonly values: number[];
}

const { cases: goldens }: { cases: GoldenSchedule[] } = JSON.parse(
  readFileSync(new URL("../../../../fixtures/train/schedules.json", import.meta.url), "utf8"),
);

function ours({ schedule, options }: GoldenSchedule): Schedule {
  const { T_0: first = NaN, T_mult: factor = 1, eta_min: end = 0, total_iters: iterations = NaN, power = 1 } = options;
  if (schedule === "cosine_restarts") return cosineRestarts({ start: 0.5, end, steps: first, factor });
  if (schedule === "polynomial") return polynomialDecay({ start: 0.5, steps: iterations, power });
  const { max_lr: peak = NaN, total_steps: steps = NaN, pct_start, div_factor, final_div_factor } = options;
  return oneCycle({
    peak,
    steps,
    ...(pct_start === undefined ? {} : { rise: pct_start }),
    ...(div_factor === undefined ? {} : { startDivisor: div_factor }),
    ...(final_div_factor === undefined ? {} : { endDivisor: final_div_factor }),
  });
}

describe.each([
  ["f64", 1e-13],
  ["f32", 1e-6],
] as const)("against PyTorch, %s", (dtype, tolerance) => {
  test.each(goldens)("$name", (golden) => {
    golden.values.forEach((expected, t) => {
      const value = ours(golden)(scalar(t, dtype));
      expect(Math.abs(item(value) - expected), `step ${t}`).toBeLessThanOrEqual(tolerance);
    });
  });
});

test("cosineRestarts keeps the place in a period after a million steps in f32", () => {
  const schedule = cosineRestarts({ start: 1, steps: 12 });
  for (let t = 0; t < 12; t++) expect(item(schedule(scalar(1_200_000 + t)))).toBe(item(schedule(scalar(t))));
});

test("after its cycle, oneCycle stays at its end", () => {
  const schedule = oneCycle({ peak: 1, steps: 10, startDivisor: 10, endDivisor: 10 });
  for (const t of [9, 10, 1000]) expect(item(schedule(scalar(t, "f64")))).toBeCloseTo(0.01, 15);
});

test("bad options are named", () => {
  expect(() => piecewise([1, 2], [1, 2])).toThrow("piecewise: 2 boundaries need 3 values, got 2");
  expect(() => piecewise([2, 1], [1, 2, 3])).toThrow("boundaries must rise");
  expect(() => cosine({ start: 1, steps: 0 })).toThrow("cosine: expected steps above 0, got 0");
  expect(() => exponential({ start: 1, gamma: 0.9 } as never)).toThrow(/unknown option gamma; did you mean factor/);
  expect(() => cosineRestarts({ start: 1, steps: 10, factor: 1.5 })).toThrow(
    "cosineRestarts: expected an integer factor >= 1, got 1.5",
  );
  expect(() => oneCycle({ peak: 1, steps: 3 })).toThrow(
    "oneCycle: expected rise in (0, 1), of more than one of 3 steps",
  );
  expect(() => polynomialDecay({ start: 1, steps: 5, power: 0 })).toThrow(
    "polynomialDecay: expected power above 0, got 0",
  );
});
