import { key, keyFor, matmul, normal, tensor, valuesOf, type ArrayTensor } from "@sluice/tensor";
import { arrayOf, expectNear } from "@sluice/tensor/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  linearCka,
  logisticReadout,
  principalComponents,
  procrustesDistance,
  projected,
  ridgeReadout,
  similarityOverTime,
} from "../index.ts";
import { singularVectorsOf } from "../matrices/one-sided-jacobi.ts";

const draw = (seed: number, shape: readonly number[]): ArrayTensor =>
  arrayOf(normal(key(seed), [...shape], { dtype: "f64" }));

/** A random orthogonal matrix, and a random scale and shift, applied to the points. */
function moved(x: ArrayTensor, seed: number): ArrayTensor {
  const n = x.shape.at(-1)!;
  const columns = Array.from({ length: n }, (_, j) =>
    Float64Array.from(valuesOf(normal(keyFor(key(seed), String(j)), [n], { dtype: "f64" }))),
  );
  const turn = tensor(Float64Array.from(singularVectorsOf(columns).vectors.flatMap((v) => [...v])), [n, n]);
  const turned = arrayOf(matmul(x, turn));
  return tensor(
    Float64Array.from(turned.data, (y, i) => 3 * y + (i % n)),
    x.shape,
  );
}

const size = fc.integer({ min: 2, max: 5 });

test("a rotation, a scale and a shift change neither measure, which are between 0 and their bounds", () => {
  fc.assert(
    fc.property(fc.nat(1000), size, size, size, (seed, batch, time, features) => {
      const x = draw(seed, [batch, time, features]);
      const y = draw(seed + 1, [batch, time, features + 1]);
      expect(linearCka(x, moved(x, seed + 2))).toBeCloseTo(1, 12);
      expect(procrustesDistance(x, moved(x, seed + 2))).toBeCloseTo(0, 12);
      expect(linearCka(moved(x, seed + 2), y)).toBeCloseTo(linearCka(x, y), 12);
      expect(procrustesDistance(moved(x, seed + 2), y)).toBeCloseTo(procrustesDistance(x, y), 12);
      expect(linearCka(x, y)).toBeGreaterThan(0);
      expect(linearCka(x, y)).toBeLessThan(1);
      expect(procrustesDistance(x, y)).toBeGreaterThan(0);
      expect(procrustesDistance(x, y)).toBeLessThan(2);
    }),
  );
});

test("states that do not vary have no similarity, and steps of fewer than two rows are missing", () => {
  const x = draw(1, [3, 4, 2]);
  const constant = tensor(new Float64Array(24).fill(0.1), [3, 4, 2]);
  expect(linearCka(x, constant)).toBeNaN();
  expect(procrustesDistance(constant, x)).toBeNaN();
  const over = similarityOverTime(linearCka, x, draw(2, [3, 4, 3]), { lengths: [4, 1, 2] });
  expect([...over.data].map(Number.isNaN)).toEqual([false, false, true, true]);
  expect(() => linearCka(x, draw(3, [3, 5, 2]))).toThrow("all axes but the last must agree");
  expect(() => similarityOverTime(linearCka, draw(1, [3, 2]), draw(1, [3, 2]))).toThrow("[batch, time, features]");
  expect(() => linearCka(draw(1, [3, 2]), draw(1, [3, 2]), { lengths: [1, 1, 1] })).toThrow(
    "lengths and mask need x [batch, time, features]",
  );
  expect(() => linearCka(tensor([NaN, 1], [2, 1]), tensor([0, 1], [2, 1]))).toThrow(
    "x is NaN at row 0, step 0, feature 0",
  );
});

test("all components turn the points: distances stay, variances add up, and missing steps stay missing", () => {
  const x = draw(4, [3, 5, 4]);
  const lengths = [5, 2, 4];
  const components = principalComponents(x, { lengths });
  const y = projected(x, components, { lengths });
  expect(y.shape).toEqual([3, 5, 4]);
  const has = (i: number): boolean => Math.floor(i / 4) % 5 < lengths[Math.floor(i / 20)]!;
  y.data.forEach((value, i) => expect(Number.isNaN(value)).toBe(!has(i)));
  const distance = (of: ArrayLike<number>): number =>
    Math.sqrt([0, 1, 2, 3].reduce((sum, k) => sum + (of[k]! - of[40 + k]!) ** 2, 0));
  expect(distance(y.data)).toBeCloseTo(distance(x.data), 13);
  expect([...components.explained.data].reduce((a, b) => a + b, 0)).toBeCloseTo(1, 13);
  for (let k = 0; k < 4; k++) {
    const direction = [...components.directions.data].slice(4 * k, 4 * k + 4);
    expect(Math.max(...direction)).toBe(Math.max(...direction.map(Math.abs)));
  }
  const masked = principalComponents(x, {
    mask: tensor(
      Array.from({ length: 15 }, (_, i) => Number(has(4 * i))),
      [3, 5],
      { dtype: "bool" },
    ),
  });
  expect([...masked.directions.data]).toEqual([...components.directions.data]);
});

test("what principal components cannot be found of is an error", () => {
  const x = draw(5, [4, 3]);
  expect(() => principalComponents(x, { components: 4 })).toThrow("components must be an integer from 1 to 3");
  expect(() => principalComponents(draw(5, [1, 3]))).toThrow("at least two points, got 1");
  expect(() => principalComponents(draw(5, [2, 3]), { lengths: [1, 1] })).toThrow("lengths and mask need");
  expect(() => principalComponents(draw(5, [3]))).toThrow("[points, features] or [batch, time, features]");
  expect(() => projected(draw(5, [4, 2]), principalComponents(x))).toThrow("the components are of 3 features");
  const same = principalComponents(tensor([1, 2, 1, 2], [2, 2]));
  expect([[...same.variances.data], [...same.explained.data]]).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

const states = draw(6, [10, 4, 3]);
const targets = tensor(
  Float64Array.from({ length: 40 }, (_, i) => 2 * states.data[3 * i]! - states.data[3 * i + 2]! + 1),
  [10, 4],
);
const classes = tensor(
  Float64Array.from({ length: 40 }, (_, i) => Number(states.data[3 * i]! > 0) + Number(states.data[3 * i]! > 0.8)),
  [10, 4],
);

test("a linear target is read without an error, and a class that a plane separates too", () => {
  const { weights, bias, test: found, baseline } = ridgeReadout(states, targets, { test: [0, 5], penalty: 0 });
  expectNear("weights", weights.data, [2, 0, -1], 1e-13);
  expectNear("bias", bias.data, [1], 1e-13);
  expect(found.r2).toBeCloseTo(1, 12);
  expect(baseline.r2).toBeLessThanOrEqual(0);
  const label = logisticReadout(states, classes, { test: [0, 5], penalty: 0.01 });
  expect(label.train.accuracy).toBeGreaterThan(0.9);
  expect(label.test.accuracy).toBeGreaterThan(label.baseline.accuracy);
  expect([...label.bias.data].reduce((a, b) => a + b, 0)).toBeCloseTo(0, 10);
});

test("rows for testing are drawn with the key, and no row is on both sides", () => {
  const rows = (seed: number): readonly number[] =>
    ridgeReadout(states, targets, { test: { fraction: 0.3, key: key(seed) } }).testRows;
  expect(rows(1)).toHaveLength(3);
  expect(rows(1)).toEqual(rows(1));
  expect(new Set(Array.from({ length: 20 }, (_, seed) => rows(seed).join())).size).toBeGreaterThan(5);
  // Whatever the values of the rows kept for testing are, the readout is the same.
  const changed = tensor(
    Float64Array.from(targets.data, (y, i) => (i < 4 ? 100 : y)),
    [10, 4],
  );
  const [a, b] = [targets, changed].map((y) => ridgeReadout(states, y, { test: [0] }));
  expect(b!.weights.data).toEqual(a!.weights.data);
  expect(b!.test.meanSquaredError).not.toBe(a!.test.meanSquaredError);
});

test("what no readout can be fitted to is an error", () => {
  const of =
    (options: object, y: ArrayTensor = targets) =>
    () =>
      ridgeReadout(states, y, options as { test: number[] });
  const label =
    (options: object, y: ArrayTensor = classes) =>
    () =>
      logisticReadout(states, y, options as { test: number[] });
  expect(of({})).toThrow("test is missing");
  expect(of({ test: [10] })).toThrow("test names row 10, but the rows are 0 to 9");
  expect(of({ test: { fraction: 1, key: key(1) } })).toThrow("test.fraction must be between 0 and 1");
  expect(of({ test: Array.from({ length: 10 }, (_, i) => i) })).toThrow("no step is left for training");
  expect(of({ test: [] })).toThrow("no step is left for testing");
  expect(of({ test: [0], penalty: -1 })).toThrow("penalty must be a finite number of at least 0");
  expect(of({ test: [0], alpha: 1 })).toThrow("unknown option alpha");
  expect(of({ test: [0] }, draw(1, [10]))).toThrow("targets must be [10,4] or [10, 4, outputs]");
  expect(of({ test: [0] }, tensor(new Float64Array(40).fill(NaN), [10, 4]))).toThrow("a target is NaN");
  const twice = tensor(
    Float64Array.from({ length: 80 }, (_, i) => states.data[3 * Math.floor(i / 2)]!),
    [10, 4, 2],
  );
  expect(() => ridgeReadout(twice, targets, { test: [0], penalty: 0 })).toThrow("linearly dependent");
  expect(label({ test: [0], penalty: 0 })).toThrow("penalty must be above 0");
  expect(label({ test: [0] }, draw(1, [10, 4, 2]))).toThrow("expected one class for each state, got 2");
  expect(label({ test: [0] }, draw(1, [10, 4]))).toThrow("a class must be an integer of at least 0");
  const gap = tensor(
    Float64Array.from(classes.data, (y) => (y === 1 ? 3 : y)),
    [10, 4],
  );
  expect(label({ test: [0] }, gap)).toThrow("no training step is of class 1");
});
