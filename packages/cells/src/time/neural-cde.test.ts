// Neural CDEs against torchcde's cdeint, which runs row by row, and against plain steps.
import {
  concat,
  grad,
  key,
  leavesOf,
  mapTree,
  mul,
  sliceAxis,
  sum,
  tensor,
  valuesOf,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import {
  by,
  cut,
  dot,
  expectPlainLoop,
  minus,
  plus,
  relu,
  row,
  th,
  times,
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { double, expectGradients, storedIn, type Stored, type StoredByName } from "../../../../fixtures/stored.ts";
import { neuralCde, sequence, stream } from "../index.ts";
import { cellSuite } from "../testing/index.ts";

interface Case {
  readonly name: string;
  readonly path: "linear" | "rectilinear" | "naturalCubic" | "hermite";
  readonly method: "euler" | "midpoint" | "rk4";
  readonly steps: number;
  readonly params: StoredByName;
  readonly upstream: Stored;
  readonly output: Stored;
  readonly gradients: StoredByName;
}

const fixture: {
  readonly lengths: readonly number[];
  readonly paths: Readonly<Record<Case["path"], Stored>>;
  readonly cases: readonly Case[];
} = storedIn("irregular/torchcde.json");

const numbers = (y: Tensor): number[] => [...valuesOf(y)];

/** Rows one after another, padded with NaN to `[rows, longest, width]`. */
function padded({ shape: [, width = 0], data }: Stored, lengths: readonly number[]): ArrayTensor {
  const longest = Math.max(...lengths);
  const values = new Float64Array(lengths.length * longest * width).fill(NaN);
  let from = 0;
  lengths.forEach((n, i) => {
    values.set(data.slice(from, from + n * width), i * longest * width);
    from += n * width;
  });
  return tensor(values, [lengths.length, longest, width]);
}

/** The steps within the lengths, one row after another. */
const packed = (y: Tensor, lengths: readonly number[]): Tensor =>
  concat(
    lengths.map((n, i) => sliceAxis(sliceAxis(y, 0, i, i + 1), 1, 0, n)),
    1,
  );

describe.each(fixture.cases)("torchcde: $name", ({ path, method, steps, ...given }) => {
  const lengths = fixture.lengths.map((n) => (path === "rectilinear" ? 2 * n - 1 : n));
  const x = padded(fixture.paths[path], lengths);
  const isLinear = path === "linear" || path === "rectilinear";
  const cell = neuralCde({
    input: x.shape[2]!,
    hidden: 3,
    units: 4,
    path: isLinear ? "linear" : "cubic",
    method,
    steps,
  });
  const layer = sequence(cell);
  const params = mapTree(layer.init(key(1), { dtype: "f64" }), (_, name) => double(given.params[name]!));
  const apply = (p: typeof params): Tensor => packed(layer.apply(p, x, { lengths }).output, lengths);

  test("the states at the knots", () => {
    numbers(apply(params)).forEach((value, i) => expect(Math.abs(value - given.output.data[i]!)).toBeLessThan(1e-13));
    expect(apply(params).shape[1]).toBe(given.output.shape[0]);
  });

  test("the gradients", () => {
    const upstream = tensor(new Float64Array(given.upstream.data), [1, ...given.upstream.shape]);
    const found = grad((p: typeof params) => sum(mul(apply(p), upstream)))(params);
    const byPath = leavesOf(found).map(({ path: of, tensor: g }) => [of, g]);
    expectGradients(Object.fromEntries(byPath), given.gradients, 1e-13);
  });
});

test("a knot of a line takes one step of Euler along the increment since the knot before", () => {
  const cell = neuralCde({ input: 2, hidden: 3, method: "euler", layers: 2, units: 4 });
  expectPlainLoop(cell, (w, { z = [], last = [] }, x, _, { t }) => {
    const begin = plus(times(x, w("initial.W")), row(w("initial.b")));
    let y: Row = z;
    for (const i of [0, 1, 2]) y = plus(times(i === 0 ? y : relu(y), w(`field.${i}.W`)), row(w(`field.${i}.b`)));
    const increment = minus(x, last);
    const moved = plus(
      z,
      cut(th(y), 2).map((ofUnit) => dot(ofUnit, increment)),
    );
    const next = t === 0 ? begin : moved;
    return { state: { z: next, last: x }, output: next };
  });
});

test("a piece of a cubic path takes two steps of the midpoint method along its slope", () => {
  const cell = neuralCde({ input: 8, hidden: 3, path: "cubic", method: "midpoint", steps: 2, activation: "tanh" });
  expectPlainLoop(cell, (w, { z = [] }, x, _, { t }) => {
    const [a = [], b = [], twoC = [], threeD = []] = cut(x, 2);
    const field = (y: Row, s: number): Row => {
      const inner = plus(times(y, w("field.0.W")), row(w("field.0.b")));
      const matrix = th(plus(times(th(inner), w("field.1.W")), row(w("field.1.b"))));
      const slope = plus(b, by(s, plus(twoC, by(s, threeD))));
      return cut(matrix, 2).map((ofUnit) => dot(ofUnit, slope));
    };
    let y: Row = z;
    for (const s of [0, 0.5]) y = plus(y, by(0.5, field(plus(y, by(0.25, field(y, s))), s + 0.25)));
    const next = t === 0 ? plus(times(a, w("initial.W")), row(w("initial.b"))) : y;
    return { state: { z: next }, output: next };
  });
});

describe("with cubic paths, of which the catalogue has no entry", () => {
  const backend = wasm();
  afterAll(() => backend.close());
  const cell = neuralCde({ input: 8, hidden: 3, path: "cubic", method: "midpoint", units: 4 });
  for (const { name, skip, run } of cellSuite(cell, { backend }))
    test(name, (context) => (skip === undefined ? run() : context.skip(skip)));
});

test("where the path stays, so does the state, and a stream reads knot by knot", async () => {
  const layer = sequence(neuralCde({ input: 2, hidden: 3 }));
  const params = layer.init(key(2));
  const x = tensor([0, 1, 2, 1, 2, 1, 2, -3], [1, 4, 2]);
  const { output } = layer.apply(params, x);
  const at = (t: number): number[] => numbers(sliceAxis(output, 1, t, t + 1));
  expect(at(2)).toEqual(at(1));
  expect(at(3)).not.toEqual(at(2));
  const reading = await stream(layer, params);
  for (const t of [0, 1, 2, 3])
    expect(numbers(await reading.step(tensor(numbers(sliceAxis(x, 1, t, t + 1)), [1, 2])))).toEqual(at(t));
  await reading.dispose();
});

test.each<[string, () => unknown, string]>([
  [
    "another path",
    () => neuralCde({ input: 2, hidden: 3, path: "hermite" as never }),
    "neuralCde: unknown path hermite",
  ],
  [
    "coefficients that are not four for each channel",
    () => neuralCde({ input: 6, hidden: 3, path: "cubic" }),
    "neuralCde: a cubic path has four coefficients for each channel, so input must be a multiple of 4, got 6",
  ],
  [
    "another method",
    () => neuralCde({ input: 2, hidden: 3, method: "heun" as never }),
    "neuralCde: unknown method heun",
  ],
  ["no steps", () => neuralCde({ input: 2, hidden: 3, steps: 0 }), "neuralCde: steps must be an integer >= 1, got 0"],
  [
    "no units",
    () => neuralCde({ input: 2, hidden: 3, units: 0 }),
    "neuralCde: the width of the hidden layers must be an integer >= 1, got 0",
  ],
  [
    "units without hidden layers",
    () => neuralCde({ input: 2, hidden: 3, layers: 0, units: 4 }),
    "neuralCde: units is 4, but there are no hidden layers; leave units out",
  ],
])("refuses %s", (_, run, message) => {
  expect(run).toThrow(message);
});
