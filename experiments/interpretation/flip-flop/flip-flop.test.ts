import { flipFlop } from "@sluice/data";
import type { FixedPoint, FixedPoints } from "@sluice/inspect";
import { trialConfig } from "@sluice/study";
import { key, mapTree, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { runInMemory, studySuite } from "@sluice/trials/testing";
import { describe, expect, test } from "vitest";
import { percentHeld, percentOfBits } from "./bits.ts";
import { flipFlopModel } from "./model.ts";
import { percentAgreed, pointsOfCube, structureOf } from "./points.ts";
import study from "./study.ts";

/** The settings that differ. */
const size = {
  time: 6,
  train: 40,
  validation: 10,
  test: 12,
  hidden: 4,
  batch: 10,
  epochs: 3,
  candidates: 6,
  iterations: 40,
  silence: 3,
  looked: 8,
  logEvery: 3,
  validateEvery: 5,
};

describe("the study", () => {
  const laws = studySuite(study, { size, stopAt: [4, 5, 12], diverging: { learningRate: 1e38 } });
  test.for(laws)("$name", ({ skip, run }, context) => (skip === undefined ? run() : context.skip(skip)));
});

test("variants with one seed are compared with one other network, and a GRU is not compared with itself", async () => {
  const trial = async (variant: string, seed: number) =>
    (
      await runInMemory(study, {
        config: { ...study.settings, ...trialConfig(study, { task: "two bits", variant }), ...size },
        seed,
      })
    ).outcome?.metrics ?? {};
  const [gru, again, other] = [await trial("GRU", 1), await trial("GRU", 1), await trial("GRU", 2)];
  expect(again).toEqual(gru);
  expect(gru["cka"]).toBeLessThan(0.9999);
  expect(gru["ckaBefore"]).not.toBe(other["ckaBefore"]);
});

test("the chance of the bits is that of guessing where there is no pulse", () => {
  const { time, pulses } = study.settings;
  const { x, y } = flipFlop({ time, pulses, train: 4000, validation: 0, test: 0 }).train;
  const [pulse, wanted] = [valuesOf(x), valuesOf(y)];
  // Without a pulse, always +1.
  const right = wanted.filter((value, i) => value === (pulse[i] === 0 ? 1 : pulse[i])).length;
  expect((100 * right) / wanted.length).toBeCloseTo(61, 0);
  expect(study.metrics["bitsRight"]?.chance).toBe(61);
});

describe("bits", () => {
  test("are right if they have the sign of their target", () => {
    expect(percentOfBits(tensor([0.1, -3, 0, 2]), tensor([1, 1, 1, 1]))).toBe(50);
  });

  test("that a network holds are those of the last step, silent or not", async () => {
    const network = flipFlopModel({ cell: "rnn", hidden: 1, bits: 1 });
    const backend = wasm();
    // h = tanh(4 h + 8 x) holds the sign of the latest pulse; with U = 0 it forgets it at once.
    const [weights, readout] = network.model.init(key(1));
    const of = (values: Readonly<Record<string, number>>) => (t: Tensor, path: string) =>
      tensor(
        [...valuesOf(t)].map(() => values[path] ?? 0),
        t.shape,
      );
    const holding = (U: number) => [mapTree(weights, of({ W: 8, U })), mapTree(readout, of({ W: 1 }))] as const;
    const { train } = flipFlop({ bits: 1, time: 5, train: 20, validation: 0, test: 0 });
    expect(await percentHeld(network, holding(4), train, { silence: 50, backend })).toBe(100);
    expect(await percentHeld(network, holding(0), train, { silence: 50, backend })).toBe(0);
    await backend.close();
  });
});

describe("the structure of fixed points", () => {
  const { readout, model } = flipFlopModel({ cell: "rnn", hidden: 2, bits: 2 });
  const [weights, ofReadout] = model.init(key(1));
  const identity = mapTree(ofReadout, (t) => tensor(t.shape.length === 2 ? [1, 0, 0, 1] : [0, 0], t.shape));
  const at = (state: readonly [number, number], index: number, residual = 1e-12): FixedPoint => ({
    state: tensor(Float64Array.from(state)),
    residual,
    jacobian: tensor(new Float64Array(4), [2, 2]),
    eigenvalues: { real: tensor(new Float64Array(2)), imaginary: tensor(new Float64Array(2)) },
    index,
    stability: index === 0 ? "stable" : "saddle",
    found: 1,
  });
  const found = (fixed: readonly FixedPoint[]): FixedPoints => ({
    parts: [{ path: "h", shape: [2], from: 0, to: 2 }],
    fixed,
    slow: [],
    outliers: [],
    candidates: 9,
    unconverged: 0,
  });
  const corners = [at([1, 1], 0), at([1, -1], 0), at([-1, 1], 0), at([-1, -1], 0)];
  const edges = [at([0, 1], 1), at([0, -1], 1), at([1, 0], 1), at([-1, 0], 1, 1e-10)];
  const of = (points: FixedPoints) =>
    structureOf({ ...points, searches: [points, points] }, { readout }, [weights, identity], 2);

  test("of independent bits", () => {
    expect(pointsOfCube(2)).toEqual([4, 4, 1]);
    expect(pointsOfCube(3)).toEqual([8, 12, 6, 1]);
    const all = [...corners, ...edges, at([0, 0], 2)];
    expect(of(found(all))).toEqual({
      ...{ stable: 4, saddles: 4, slow: 0, residual: 1e-10 },
      ...{ oneEach: 100, edges: 100, cube: 100 },
    });
    expect(of(found(all.slice(0, -1)))).toMatchObject({ oneEach: 100, edges: 100, cube: 0 });
    expect(of(found([...all, at([3, 3], 3)]))).toMatchObject({ oneEach: 100, edges: 100, cube: 0 });
  });

  test("with two points of one answer, or a missing one", () => {
    expect(of(found([...corners, at([2, 2], 0)]))).toMatchObject({ stable: 5, oneEach: 0, edges: 0 });
    expect(of(found(corners.slice(1)))).toMatchObject({ stable: 3, oneEach: 0 });
    expect(of(found([]))).toMatchObject({ stable: 0, oneEach: 0, residual: null });
  });

  test("is found again where both searches have a point, up to index 1", () => {
    const middle = at([0, 0], 2);
    expect(percentAgreed([found([...corners, middle]), found(corners)])).toBe(100);
    expect(percentAgreed([found(corners), found([...corners.slice(1), ...edges])])).toBe(37.5);
    expect(percentAgreed([found([at([1, 1], 0)]), found([at([1, 1.0005], 0)])])).toBe(100);
    expect(percentAgreed([found([at([1, 1], 0)]), found([at([1, 1.01], 0)])])).toBe(0);
    expect(percentAgreed([found([middle]), found([])])).toBeNull();
  });
});
