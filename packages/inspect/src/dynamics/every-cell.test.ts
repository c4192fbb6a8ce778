// Every cell of the catalogue, as it is, in every analysis.
import { inputOf, sequence, statesOf, type Cell } from "@sluice/cells";
import { catalogue } from "@sluice/cells/catalogue";
import { exampleInput } from "@sluice/cells/testing";
import {
  add,
  compile,
  convert,
  key,
  keyFor,
  mapTree,
  normal,
  reference,
  sliceAxis,
  tensor,
  uniform,
  valuesOf,
  type DType,
  type Tensor,
} from "@sluice/tensor";
import { isFloat } from "@sluice/tensor/internal";
import { differenceOf, expectNear, noiseOf } from "@sluice/tensor/testing";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, inject, test } from "vitest";
import {
  autocorrelation,
  eigenvalues,
  fixedPoints,
  inputSensitivity,
  jacobianProducts,
  lyapunovSpectrum,
  memoryCurve,
  singularValues,
  stateJacobians,
  stateParts,
  stateTrajectory,
} from "../index.ts";

const [batch, time] = [2, 4];
const lengths = [4, 2];
const root = key(5);
const backend = wasm();
afterAll(() => backend.close());
/** Where searches and spectra run: compiling them for all cells takes a minute, so that is left to the long tests. */
const searches = inject("long") ? backend : reference();

const straight = "its decision is a step function, and the derivative of that is the identity's (straight through)";
/** Cells whose Jacobian is not the limit of differences, each with the reason. */
const notSmooth: Readonly<Record<string, string>> = { "skipRnn of gru": straight, "skipRnn of lstm": straight };

/** A cell with parameters and inputs, in a dtype. */
function subjectOf(cell: Cell, dtype: DType) {
  const float = (x: Tensor): Tensor => (isFloat(x.dtype) ? convert(x, dtype) : x);
  const draw = (name: string, given: Parameters<typeof inputOf>[0]): Tensor =>
    float(exampleInput(given, [batch, time], keyFor(root, name)));
  const layer = sequence(cell);
  const params = mapTree(layer.init(keyFor(root, "init"), { dtype }), (w, path) =>
    isFloat(w.dtype) ? add(w, normal(keyFor(root, path), w.shape, { deviation: 0.1, dtype: w.dtype })) : w,
  );
  const extra = Object.fromEntries(Object.entries(cell.extra).map(([name, spec]) => [name, draw(name, spec)]));
  return {
    layer,
    params,
    x: draw("x", cell.input ?? [cell.sizes.input]),
    extra,
    buffers: layer.initialBuffers({ dtype }),
  };
}

const every = Object.values(catalogue).flat();
const isFinite = (x: Tensor): boolean => valuesOf(x).every(Number.isFinite);

describe.each(every.map((entry, index) => ({ ...entry, index })))("$name", ({ name, make, index }) => {
  const cell = make({ input: 2, hidden: 3 });
  const n = stateParts(cell).at(-1)!.to;

  test("its Jacobian gives the derivative of its step in a direction", (context) => {
    if (notSmooth[name] !== undefined) context.skip(notSmooth[name]);
    const { params, x, extra, buffers } = subjectOf(cell, "f64");
    const one = { x: sliceAxis(x, 1, 0, 1), extra: mapTree(extra, (e) => sliceAxis(e, 1, 0, 1)) };
    // Away from the initial state, and for each row its own.
    const state = sequence(cell).initialState(batch, { params, dtype: "f64" });
    const start = mapTree(state, (s, path) =>
      isFloat(s.dtype)
        ? add(s, uniform(keyFor(root, `state ${path}`), s.shape, { low: 0.1, high: 0.6, dtype: "f64" }))
        : s,
    );
    const along = mapTree(start, (s, path) => normal(keyFor(root, `direction ${path}`), s.shape, { dtype: "f64" }));
    const weights = valuesOf(normal(keyFor(root, "weights"), [batch, n], { dtype: "f64" }));
    const moved = (offset: number): number => {
      const from = mapTree(start, (s, path) => {
        if (!isFloat(s.dtype)) return s;
        const d = valuesOf(leafOf(along, path));
        return tensor(
          Float64Array.from(valuesOf(s), (value, i) => value + offset * d[i]!),
          s.shape,
        );
      });
      const after = valuesOf(stateTrajectory(cell, params, one.x, { state: from, extra: one.extra, buffers }));
      return [...after].reduce((sum, value, i) => sum + value * weights[i]!, 0);
    };
    const jacobians = valuesOf(stateJacobians(cell, params, one.x, { state: start, extra: one.extra, buffers }));
    const directions = vectorsOf(cell, along);
    let expected = 0;
    for (let row = 0; row < batch; row++)
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++)
          expected += weights[row * n + i]! * jacobians[(row * n + i) * n + j]! * directions[row]![j]!;
    const { value, uncertainty } = differenceOf(moved, { noise: noiseOf(moved, moved(0)), expected });
    expect(Math.abs(value - expected)).toBeLessThanOrEqual(uncertainty);
    expect(uncertainty).toBeLessThan(1e-4 * (1 + Math.abs(expected)));
  });

  test("along a run with lengths: finite where steps are taken, and missing elsewhere", () => {
    const { params, x, extra, buffers } = subjectOf(cell, "f32");
    const options = { extra, buffers, lengths };
    const states = stateTrajectory(cell, params, x, options);
    const jacobians = stateJacobians(cell, params, x, options);
    const sensitivity = inputSensitivity(cell, params, x, options);
    expect(states.shape).toEqual([batch, time, n]);
    expect(jacobians.shape).toEqual([batch, time, n, n]);
    for (const result of [states, jacobians, sensitivity]) expectWithin(result);
    const second = sliceAxis(sliceAxis(jacobians, 0, 1, 2), 1, 0, 2);
    expect(isFinite(singularValues(second))).toBe(true);
    expect(isFinite(eigenvalues(second).real)).toBe(true);
    expect(isFinite(sliceAxis(jacobianProducts(second, 2), 1, 1, 2))).toBe(true);
    expect(memoryCurve(sensitivity).mean.shape).toEqual([4]);
    expect(autocorrelation(states, { lags: 2 }).correlation.shape).toEqual([3, n]);
  });

  // Compiling one program for each cell takes long, so most are left to the long tests.
  if (inject("long") || index % 4 === 0)
    test("the Jacobian compiled for wasm is the eager one", async () => {
      const { params, x, extra, buffers } = subjectOf(cell, "f32");
      const counts = tensor(lengths, [batch], { dtype: "i32" });
      const jacobians = (p: typeof params, y: Tensor, e: typeof extra, b: typeof buffers, own: Tensor) =>
        stateJacobians(cell, p, y, { extra: e, buffers: b, lengths: own });
      const compiled = await compile(jacobians, [params, x, extra, buffers, counts], { backend });
      const [found, eager] = [
        await compiled(params, x, extra, buffers, counts),
        jacobians(params, x, extra, buffers, counts),
      ];
      await compiled.dispose();
      valuesOf(eager).forEach((value, i) => expect(Number.isNaN(valuesOf(found)[i])).toBe(Number.isNaN(value)));
      const finite = (y: Tensor): number[] => [...valuesOf(y)].filter(Number.isFinite);
      expectNear("Jacobians", finite(found), finite(eager), 1e-4);
    });

  test("Lyapunov exponents, the same for a row alone and cut to its length", async () => {
    const { params, x, extra, buffers } = subjectOf(cell, "f32");
    const options = { extra, buffers, lengths, backend: searches, exponents: Math.min(n, 2) };
    const { exponents, steps } = await lyapunovSpectrum(cell, params, x, options);
    expect([...valuesOf(steps)]).toEqual(lengths);
    // A direction that a step maps to zero has -Infinity.
    expect(valuesOf(exponents).every((value) => value < Infinity)).toBe(true);
    const alone = (y: Tensor): Tensor => sliceAxis(sliceAxis(y, 0, 1, 2), 1, 0, 2);
    const row = await lyapunovSpectrum(cell, params, alone(x), {
      ...{ buffers, backend: searches, exponents: Math.min(n, 2) },
      extra: mapTree(extra, alone),
    });
    valuesOf(row.exponents).forEach((value, i) =>
      value === -Infinity
        ? expect(valuesOf(exponents)[Math.min(n, 2) + i]).toBe(-Infinity)
        : expect(valuesOf(exponents)[Math.min(n, 2) + i]).toBeCloseTo(value, 3),
    );
  });

  test("a search of fixed points: a point is one, or the cell is refused with the reason", async () => {
    const { params, x, extra, buffers } = subjectOf(cell, "f32");
    const visited = stateTrajectory(cell, params, x, { extra, buffers });
    const row = (y: Tensor): Tensor =>
      tensor(valuesOf(y).slice(0, valuesOf(y).length / (batch * time)), y.shape.slice(2), { dtype: y.dtype });
    const search = fixedPoints(cell, params, visited, {
      ...{ extra: mapTree(extra, row), buffers, candidates: 2, iterations: 20, backend: searches },
      input: row(x),
    });
    if (statesOf(cell.state).some(({ dtype }) => dtype !== "f32")) {
      await expect(search).rejects.toThrow("a search moves float states only");
      return;
    }
    const found = await search;
    expect(found.fixed.length + found.slow.length + found.outliers.length + found.unconverged).toBeGreaterThan(0);
    for (const point of found.fixed) {
      expect(point.residual).toBeLessThanOrEqual(1e-9);
      expect(point.eigenvalues.real.shape).toEqual([n]);
    }
  });
});

const leafOf = (tree: Parameters<typeof mapTree>[0], path: string): Tensor => {
  let found: Tensor | undefined;
  mapTree(tree, (x, own) => ((found = own === path ? x : found), x));
  return found!;
};

/** The state vector of each row. */
function vectorsOf(cell: Cell, state: Parameters<typeof mapTree>[0]): number[][] {
  return Array.from({ length: batch }, (_, row) =>
    stateParts(cell).flatMap(({ path, from, to }) => {
      const values = valuesOf(leafOf(state, path));
      return [...values.subarray(row * (to - from), (row + 1) * (to - from))];
    }),
  );
}

/** Finite at the steps within the lengths, NaN beyond them. */
function expectWithin(result: Tensor): void {
  lengths.forEach((length, row) => {
    const own = sliceAxis(result, 0, row, row + 1);
    expect(isFinite(sliceAxis(own, 1, 0, length))).toBe(true);
    expect(valuesOf(sliceAxis(own, 1, length, time)).every(Number.isNaN)).toBe(true);
  });
}
