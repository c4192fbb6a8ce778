import { readFileSync } from "node:fs";
import { valuesOf } from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { lorenz, mackeyGlass, type Forecasts } from "../index.ts";
import { lorenzPath, type LorenzState, type LorenzSystem } from "./lorenz.ts";
import { mackeyGlassPath, type MackeyGlassSystem } from "./mackey-glass.ts";

interface Fixture {
  readonly lorenz: readonly {
    readonly system: Omit<LorenzSystem, "step">;
    readonly initial: LorenzState;
    readonly step: number;
    readonly steps: number;
    readonly rungeKutta: readonly LorenzState[];
    readonly exact: LorenzState;
  }[];
  readonly mackeyGlass: readonly {
    readonly system: Omit<MackeyGlassSystem, "step" | "lag">;
    readonly initial: number;
    readonly lag: number;
    readonly step: number;
    readonly steps: number;
    readonly rungeKutta: readonly number[];
    readonly exact: number;
  }[];
}
const fixture: Fixture = JSON.parse(
  readFileSync(new URL("../../../../fixtures/data/systems.json", import.meta.url), "utf8"),
);
const difference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN))));

describe("Lorenz system", () => {
  test.each(fixture.lorenz)("the Runge-Kutta method written in NumPy, from $initial", (one) => {
    const path = lorenzPath(one.initial, { ...one.system, step: one.step }, one.steps, one.steps / 10);
    expect(path).toHaveLength(11);
    // Errors of 1e-16 grow by a few hundred on the way.
    path.forEach((state, n) => expect(difference(state, one.rungeKutta[n] ?? [])).toBeLessThan(1e-10));
  });

  test("SciPy's value is the limit of smaller steps: half a step has less than a tenth of the error", () => {
    for (const { system, initial, step, steps, exact } of fixture.lorenz) {
      const errorOf = (parts: number): number =>
        difference(lorenzPath(initial, { ...system, step: step / parts }, steps * parts).at(-1) ?? [], exact);
      // A method of order 3 would have an eighth.
      expect(errorOf(8)).toBeLessThan(errorOf(4) / 10);
      expect(errorOf(8)).toBeLessThan(2e-7);
    }
  });
});

describe("Mackey-Glass equation", () => {
  test.each(fixture.mackeyGlass)("the Runge-Kutta method written in NumPy, delay of $lag steps of $step", (one) => {
    const path = mackeyGlassPath(one.initial, { ...one.system, step: one.step, lag: one.lag }, one.steps);
    one.rungeKutta.forEach((value, n) =>
      expect(Math.abs((path[(n * one.steps) / 10] ?? NaN) - value)).toBeLessThan(1e-12),
    );
  });

  test("SciPy's value by the method of steps", () => {
    const [fine, coarse] = fixture.mackeyGlass.map(({ system, initial, lag, step, steps, exact }) =>
      Math.abs((mackeyGlassPath(initial, { ...system, step, lag }, steps).at(-1) ?? NaN) - exact),
    );
    expect(fine).toBeLessThan(1e-8);
    expect(coarse).toBeLessThan(1e-6);
  });
});

describe.each<[string, (options: object) => { train: Forecasts; name: string }, number]>([
  ["lorenz", lorenz, 3],
  ["mackeyGlass", mackeyGlass, 1],
])("%s", (_, make, features) => {
  const given = { train: 3, validation: 0, test: 0, time: 30 };
  test("targets are the values some steps later", () => {
    const { x, y } = make({ ...given, ahead: 4 }).train;
    expect([x.shape, y.shape]).toEqual([
      [3, 30, features],
      [3, 30, features],
    ]);
    for (let i = 0; i < 3; i++) {
      const [own, later] = [x, y].map((part) => [...valuesOf(part)].slice(i * 30 * features, (i + 1) * 30 * features));
      expect(later?.slice(0, 26 * features)).toEqual(own?.slice(4 * features));
    }
    expect(new Set(valuesOf(x)).size).toBe(3 * 30 * features);
  });

  test("the washout leaves out the beginning, and nothing else changes", () => {
    const all = valuesOf(make({ ...given, time: 50, washout: 0 }).train.x);
    const late = valuesOf(make({ ...given, washout: 20 }).train.x);
    for (let i = 0; i < 3; i++)
      expect([...late].slice(i * 30 * features, (i + 1) * 30 * features)).toEqual(
        [...all].slice((i * 50 + 20) * features, (i + 1) * 50 * features),
      );
  });
});

test("beginnings are in their ranges", () => {
  const starts = valuesOf(lorenz({ train: 50, validation: 0, test: 0, time: 1, washout: 0 }).train.x);
  starts.forEach((value, i) => {
    expect(value).toBeGreaterThanOrEqual(i % 3 === 2 ? 15 : -10);
    expect(value).toBeLessThanOrEqual(i % 3 === 2 ? 35 : 10);
  });
  const histories = valuesOf(mackeyGlass({ train: 50, validation: 0, test: 0, time: 1, washout: 0 }).train.x);
  expect(histories.every((value) => value >= 0.5 && value < 1.5)).toBe(true);
  expect(new Set(histories).size).toBe(50);
});

test.each<[() => unknown, string]>([
  [() => lorenz({ step: 0.1 }), "lorenz: step must be at most 0.05, got 0.1"],
  [() => lorenz({ step: 0 }), "lorenz: step must be a time above 0, got 0"],
  [() => lorenz({ rho: NaN }), "lorenz: rho must be a number, got NaN"],
  [() => lorenz({ every: 0 }), "lorenz: every must be an integer >= 1, got 0"],
  [() => lorenz(Object({ dt: 1 })), "lorenz: unknown option dt; did you mean step?"],
  [() => mackeyGlass({ delay: 0.25 }), "mackeyGlass: the delay 0.25 is not a multiple of step, 0.1"],
  [() => mackeyGlass({ exponent: 9.5 }), "mackeyGlass: exponent must be an integer >= 1, got 9.5"],
  [() => mackeyGlass({ gamma: 0 }), "mackeyGlass: gamma must be a number above 0, got 0"],
])("refuses %s", (make, message) => {
  expect(make).toThrow(message);
});
