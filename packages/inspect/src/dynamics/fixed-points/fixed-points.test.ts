import { clockwork, defineCell, gru, rnn, sequence } from "@sluice/cells";
import { add, key, mul, normal, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, expect, test } from "vitest";
import { fixedPoints, stateTrajectory, type FixedPoint } from "../../index.ts";

const backend = wasm();
afterAll(() => backend.close());

/** Two units that each remember a sign: h' = tanh(2 h + x). */
const cell = rnn({ input: 2, hidden: 2, biases: 0 });
const params = { W: tensor([1, 0, 0, 1], [2, 2]), U: tensor([2, 0, 0, 2], [2, 2]) };
/** The positive solution of h = tanh(2 h). */
const high = (() => {
  let h = 1;
  for (let i = 0; i < 200; i++) h = Math.tanh(2 * h);
  return h;
})();
const visited = normal(key(1), [500, 2], { deviation: 0.6 });
const stateOf = ({ state }: FixedPoint): number[] => [...valuesOf(state)];
const options = { backend, candidates: 128, iterations: 400 };

test("a flip-flop of two units: 4 stable points, 4 saddles of index 1 and one point of index 2", async () => {
  const { fixed, slow, outliers, unconverged, candidates } = await fixedPoints(cell, params, visited, options);
  expect(fixed.map(({ index }) => index)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2]);
  expect(fixed.map(({ stability }) => stability)).toEqual([
    ...new Array<string>(4).fill("stable"),
    ...new Array<string>(4).fill("saddle"),
    "unstable",
  ]);
  const expected = [
    ...[
      [-high, -high],
      [-high, high],
      [high, -high],
      [high, high],
    ],
    ...[
      [-high, 0],
      [0, -high],
      [0, high],
      [high, 0],
    ],
    [0, 0],
  ];
  fixed.forEach((point, i) => {
    stateOf(point).forEach((value, j) => expect(value).toBeCloseTo(expected[i]![j]!, 13));
    expect(point.residual).toBeLessThan(1e-14);
    // The Jacobian is diagonal: 2 (1 - h'^2).
    const slopes = stateOf(point).map((h) => 2 * (1 - Math.tanh(2 * h) ** 2));
    expect(valuesOf(point.jacobian)[1]).toBe(0);
    const moduli = slopes.toSorted((a, b) => b - a);
    moduli.forEach((value, j) => expect(valuesOf(point.eigenvalues.real)[j]).toBeCloseTo(value, 12));
  });
  expect([slow, outliers]).toEqual([[], []]);
  expect(fixed.reduce((sum, { found }) => sum + found, 0) + unconverged).toBe(candidates);
});

test("every key finds the same points", async () => {
  const first = await fixedPoints(cell, params, visited, options);
  for (const seed of [1, 2, 3]) {
    const { fixed } = await fixedPoints(cell, params, visited, { ...options, key: key(seed) });
    expect(fixed.map(({ index }) => index)).toEqual(first.fixed.map(({ index }) => index));
    fixed.forEach((point, i) =>
      stateOf(point).forEach((value, j) => expect(value).toBeCloseTo(stateOf(first.fixed[i]!)[j]!, 13)),
    );
  }
});

test("the same key gives the same bits", async () => {
  const few = { ...options, candidates: 8 };
  const [first, again] = [await fixedPoints(cell, params, visited, few), await fixedPoints(cell, params, visited, few)];
  expect(again).toEqual(first);
});

test("a constant input moves the points, and only one is left where it is strong", async () => {
  const { fixed } = await fixedPoints(cell, params, visited, { ...options, input: tensor([3, -3]) });
  expect(fixed).toHaveLength(1);
  const [a, b] = stateOf(fixed[0]!);
  expect(a).toBeCloseTo(Math.tanh(2 * a! + 3), 14);
  expect(b).toBeCloseTo(-a!, 14);
});

test("f64 parameters, on the reference backend, give the points of f32 ones on wasm", async () => {
  const exact = { W: double(params.W), U: double(params.U) };
  const few = { candidates: 32, iterations: 200 };
  const { fixed } = await fixedPoints(cell, exact, double(visited), few);
  const single = await fixedPoints(cell, params, visited, { ...few, backend });
  expect(fixed.length).toBeGreaterThanOrEqual(5);
  expect(fixed.map(({ index, found }) => [index, found])).toEqual(
    single.fixed.map(({ index, found }) => [index, found]),
  );
  fixed.forEach((point, i) =>
    stateOf(point).forEach((value, j) => expect(value).toBeCloseTo(stateOf(single.fixed[i]!)[j]!, 13)),
  );
});

test("a GRU that has not been trained forgets: one stable point, from any state that it visits", async () => {
  const untrained = gru({ input: 3, hidden: 8 });
  const weights = sequence(untrained).init(key(3));
  const states = stateTrajectory(untrained, weights, normal(key(4), [4, 20, 3]), { lengths: [20, 5, 0, 9] });
  const { fixed, parts } = await fixedPoints(untrained, weights, states, { ...options, candidates: 32 });
  expect(fixed.map(({ stability }) => stability)).toEqual(["stable"]);
  expect(fixed[0]!.found).toBe(32);
  expect(parts).toEqual([{ path: "h", shape: [8], from: 0, to: 8 }]);
});

/** Its state moves by s^2 + epsilon: nearly nothing near 0, but it never rests. */
const ghost = defineCell({
  name: "ghost",
  options: { epsilon: 1e-4 },
  params: () => ({}),
  state: ({ hidden }) => ({ s: [hidden] }),
  step: (_, { s }, _x, { epsilon }) => ({ state: { s: add(s, add(mul(s, s), epsilon)) }, output: "s" }),
});

test("a slow point where no point is fixed, and none where it is too fast", async () => {
  const starts = tensor([0.2, 0.1, -0.1, -0.2], [4, 1]);
  const { fixed, slow, unconverged } = await fixedPoints(ghost({ input: 1, hidden: 1 }), {}, starts, options);
  expect(fixed).toEqual([]);
  expect(slow.length).toBeGreaterThan(0);
  expect(Math.abs(stateOf(slow[0]!)[0]!)).toBeLessThan(0.03);
  expect(slow[0]!.residual).toBeGreaterThanOrEqual(1e-4);
  expect(unconverged).toBeLessThan(128);
  const fast = await fixedPoints(ghost({ input: 1, hidden: 1, epsilon: 0.1 }), {}, starts, options);
  expect([fast.fixed, fast.slow, fast.unconverged]).toEqual([[], [], 128]);
});

/** Fixed points at 0 and at 50. */
const far = defineCell({
  name: "far",
  params: () => ({}),
  state: ({ hidden }) => ({ s: [hidden] }),
  step: (_, { s }) => ({ state: { s: add(s, mul(mul(s, add(s, -50)), 0.01)) }, output: "s" }),
});

test("a point far from all visited states is listed as an outlier", async () => {
  // One visited state lies at 50, too few to widen the others' spread.
  const starts = tensor([...Array.from({ length: 99 }, (_, i) => (i - 49) / 500), 50], [100, 1]);
  const { fixed, outliers } = await fixedPoints(far({ input: 1, hidden: 1 }), {}, starts, {
    ...options,
    candidates: 400,
    key: key(1),
  });
  expect(fixed.map(stateOf).map(([s]) => Math.abs(s!) < 1e-9)).toEqual([true]);
  expect(outliers.map(stateOf)).toEqual([[50]]);
});

test.each<[string, () => Promise<unknown>, string]>([
  [
    "a step index",
    () => {
      const paced = clockwork({ input: 1, hidden: 2, periods: [1, 2] });
      return fixedPoints(paced, sequence(paced).init(key(1)), visited);
    },
    "fixedPoints: clockwork has the state stepIndex of i32, and a search moves float states only; a step index changes at every step, so there is no fixed point",
  ],
  [
    "visited states of another length",
    () => fixedPoints(cell, params, normal(key(1), [5, 3])),
    "fixedPoints: the visited states must be float vectors [..., 2], as from stateTrajectory, got f32 [5,3]",
  ],
  [
    "no visited state",
    () => fixedPoints(cell, params, tensor([NaN, 1], [1, 2])),
    "fixedPoints: no visited state is finite; the rows may have no steps, or the run diverges",
  ],
  [
    "a sequence as the input",
    () => fixedPoints(cell, params, visited, { input: normal(key(1), [1, 5, 2]) }),
    "fixedPoints: input must be [2], the shape of one example, got [1,5,2]",
  ],
  [
    "candidates",
    () => fixedPoints(cell, params, visited, { candidates: 0 }),
    "candidates must be an integer >= 1, got 0",
  ],
  [
    "noise",
    () => fixedPoints(cell, params, visited, { noise: -1 }),
    "noise must be a finite number of at least 0, got -1",
  ],
  [
    "tolerance",
    () => fixedPoints(cell, params, visited, { tolerance: 0 }),
    "fixedPoints: tolerance must be a finite number above 0, got 0",
  ],
  ["seed", () => fixedPoints(cell, params, visited, { seed: 1 } as object), "unknown option seed; did you mean key?"],
])("a clear error: %s", async (_, run, message) => {
  await expect(run()).rejects.toThrow(message);
});

function double<T extends Tensor>(x: T): Tensor {
  return tensor(Float64Array.from(valuesOf(x)), x.shape);
}
