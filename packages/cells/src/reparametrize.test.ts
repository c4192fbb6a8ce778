// Cells and layers whose weights are made of other parameters.
import { batchNorm, layerNorm } from "@sluice/norm";
import {
  bias,
  dropConnect,
  identity,
  kernel,
  l2,
  maxNorm,
  orthogonalParametrization,
  parameterCount,
  recurrentKernel,
  regularization,
  reparametrized,
  specsOf,
  spectralNorm,
  weightNorm,
  weightsOf,
} from "@sluice/params";
import {
  add,
  grad,
  key,
  keyFor,
  leavesOf,
  mapTree,
  mul,
  normal,
  square,
  sum,
  tanh,
  tensor,
  recordProgram,
  valuesOf,
  type Program,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import {
  bidirectional,
  defineCell,
  dense,
  gru,
  lstm,
  minGru,
  originOf,
  reparametrize,
  rnn,
  sequence,
  sequential,
  stream,
  zoneout,
  type Cell,
  type Layer,
  type SequenceScan,
} from "./index.ts";
import { cellSuite } from "./testing/index.ts";

const [batch, time, input, hidden] = [3, 5, 2, 4];
const sizes = { input, hidden };
const x = normal(key(1), [batch, time, input], { dtype: "f64" });
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const tensorAt = (tree: Tree, path: string): Tensor => leavesOf(tree).find((leaf) => leaf.path === path)!.tensor;
const paths = (of: Pick<Layer, "params">): string[] => specsOf(of.params).map(({ path }) => path);
function expectClose(a: Tensor, b: Tensor, digits = 12): void {
  expect(a.shape).toEqual(b.shape);
  numbers(a).forEach((v, i) => expect(v).toBeCloseTo(numbers(b)[i]!, digits));
}

const backend = wasm();
afterAll(() => backend.close());

describe.each([
  [
    "weight norm of a GRU",
    reparametrize(gru({ input: 2, hidden: 3 }), { kernel: weightNorm(), recurrent: weightNorm() }),
  ],
  ["weight norm of a minGru", reparametrize(minGru({ input: 2, hidden: 3 }), { kernel: weightNorm() })],
  ["orthogonal LSTM", reparametrize(lstm({ input: 2, hidden: 3 }), { recurrent: orthogonalParametrization() })],
  [
    "two on one weight, with a normalizer",
    reparametrize(rnn({ input: 2, hidden: 3, norm: layerNorm() }), {
      recurrent: [orthogonalParametrization(), dropConnect(0.5)],
    }),
  ],
  [
    "spectral norm of an LSTM with statistics of its own",
    reparametrize(lstm({ input: 2, hidden: 3, norm: batchNorm({ steps: 4 }) }), {
      kernel: spectralNorm(),
      recurrent: spectralNorm(),
    }),
  ],
] as const)("%s passes the laws of cells", (_, cell) => {
  for (const { name, skip, run } of cellSuite(cell, { backend }))
    test(name, (context) => (skip === undefined ? run() : context.skip(skip)));
});

describe.each([
  ["a cell", (scan: SequenceScan) => sequence(reparametrize(minGru(sizes), { kernel: weightNorm() }), { scan })],
  ["a layer", (scan: SequenceScan) => reparametrize(sequence(minGru(sizes), { scan }), { kernel: weightNorm() })],
] as const)("of %s with weight norm", (_, layerOf) => {
  test("the associative scan agrees with the loop, in outputs, states and gradients", () => {
    const lengths = [time, 3, 0];
    const params = mapTree(layerOf("sequential").init(key(3), { dtype: "f64" }), (w, path) =>
      path === "W.gain" ? mul(w, 1.5) : w,
    );
    const results = (scan: SequenceScan): Tree => {
      const run = (p: Tree) => layerOf(scan).apply(p, x, { lengths });
      return { output: run(params).output, state: run(params).state, gradient: grad(lossOf(run))(params) };
    };
    const [loop, scan] = [results("sequential"), results("associative")];
    expect(leavesOf(scan).map(({ path }) => path)).toContain("gradient.W.gain");
    for (const { path, tensor: y } of leavesOf(scan)) expectClose(y, tensorAt(loop, path));
  });
});

/** A sum in which every output and state counts differently. */
const lossOf =
  (run: (params: Tree) => { readonly output: Tensor; readonly state: Tree }) =>
  (params: Tree): Tensor => {
    const { output, state } = run(params);
    return leavesOf({ output, state })
      .map(({ path, tensor: y }) => sum(mul(y, normal(keyFor(key(5), path), y.shape, { dtype: "f64" }))))
      .reduce((a, b) => add(a, b));
  };

describe("the weights", () => {
  test("are the cell's initial ones, under the names of the parameters", () => {
    for (const recurrent of [weightNorm(), orthogonalParametrization(), dropConnect(0.5)]) {
      const plain = lstm(sizes);
      const cell = reparametrize(plain, { recurrent });
      const [expected, params] = [plain.init(key(3), { dtype: "f64" }), cell.init(key(3), { dtype: "f64" })];
      expectClose(tensorAt(weightsOf(cell, params), "U"), expected.U, 6);
      expectClose(tensorAt(params, "W"), expected.W, 17);
      expect(plain.init(key(3)).W).toEqual(tensorAt(cell.init(key(3)), "W"));
    }
    const cell = reparametrize(gru(sizes), { recurrent: weightNorm(), weights: { W: dropConnect(0.1) } });
    expect(paths(cell)).toEqual(["W", "U.direction", "U.gain", "b", "bh"]);
    expect(parameterCount(cell)).toBe(parameterCount(gru(sizes)) + 3 * hidden);
  });

  test("are made before the loop: its step is that of the plain cell", () => {
    const bodies = (layer: Layer<Tree, Tree>): Program[] => {
      const loss = (p: Tree): Tensor => sum(square(layer.apply(p, x, { training: true, key: key(2) }).output));
      const { program } = recordProgram(grad(loss), [layer.init(key(1), { dtype: "f64" })]);
      return program.nodes.flatMap(({ operation }) => (operation.op === "scan" ? [operation.body] : []));
    };
    const counts = (layer: Layer<Tree, Tree>): number[] => bodies(layer).map(({ nodes }) => nodes.length);
    const plain = counts(sequence(gru(sizes)));
    expect(plain).toHaveLength(2);
    const recurrent = [weightNorm(), dropConnect(0.5)];
    expect(counts(sequence(reparametrize(gru(sizes), { kernel: weightNorm(), recurrent })))).toEqual(plain);
    expect(counts(reparametrize(sequence(gru(sizes)), { kernel: weightNorm(), recurrent }))).toEqual(plain);
  });

  test("drop connections once a call, with one mask for all steps and rows", () => {
    const layer = sequence(reparametrize(rnn({ ...sizes, biases: 0 }), { recurrent: dropConnect(0.5) }));
    const params = layer.init(key(1), { dtype: "f64" });
    const own = key(7);
    const made = weightsOf(layer, params, { training: true, key: keyFor(own, "reparametrization") });
    const [W, U] = [tensorAt(made, "W"), tensorAt(made, "U")];
    expect(numbers(U).some((v) => v === 0)).toBe(true);
    const plain = sequence(rnn({ ...sizes, biases: 0 }));
    const { output } = layer.apply(params, x, { training: true, key: own });
    expectClose(output, plain.apply({ W, U }, x).output, 15);
    expectClose(layer.apply(params, x).output, plain.apply({ W, U: tensorAt(params, "U") }, x).output, 17);
    expect(() => layer.apply(params, x, { training: true })).toThrow(
      "dropConnect of U: training with randomness needs a key",
    );
  });
});

describe("composes", () => {
  const recurrent = [weightNorm(), dropConnect(0.3)];

  test("with zoneout and dropout, inside and outside, to the bit", () => {
    const plain = lstm({ ...sizes, recurrentDropout: 0.2 });
    const inside = zoneout(reparametrize(plain, { recurrent }), { h: 0.2 });
    const outside = reparametrize(zoneout(plain, { h: 0.2 }), { recurrent });
    const params = inside.init(key(1), { dtype: "f64" });
    const run = (cell: Cell): Tensor => sequence(cell).apply(params, x, { training: true, key: key(3) }).output;
    expect(numbers(run(inside))).toEqual(numbers(run(outside)));
    expect(numbers(run(inside))).not.toEqual(numbers(sequence(inside).apply(params, x).output));
  });

  test("twice as in a list", () => {
    const once = reparametrize(gru(sizes), { recurrent });
    const twice = reparametrize(reparametrize(gru(sizes), { recurrent: weightNorm() }), {
      recurrent: dropConnect(0.3),
    });
    expect(paths(twice)).toEqual(paths(once));
    const params = once.init(key(1), { dtype: "f64" });
    leavesOf(twice.init(key(1), { dtype: "f64" })).forEach(({ path, tensor }) =>
      expectClose(tensor, tensorAt(params, path), 14),
    );
    const run = (cell: Cell): number[] =>
      numbers(sequence(cell).apply(params, x, { training: true, key: key(3) }).output);
    expect(run(twice)).toEqual(run(once));
  });

  test("in both directions, in models, and as a layer", async () => {
    const cell = reparametrize(gru(sizes), { recurrent: weightNorm() });
    const model = sequential([
      bidirectional(cell),
      reparametrize(sequence(rnn({ input: 2 * hidden, hidden })), { recurrent: orthogonalParametrization() }),
      reparametrize(dense({ input: hidden, output: 2 }), { kernel: weightNorm() }),
    ]);
    expect(paths(model).filter((path) => path.includes("gain") || path.includes("reflectors"))).toEqual([
      "0.forward.U.gain",
      "0.backward.U.gain",
      "1.U.reflectors",
      "2.W.gain",
    ]);
    const plain = sequential([
      bidirectional(gru(sizes)),
      sequence(rnn({ input: 2 * hidden, hidden })),
      dense({ input: hidden, output: 2 }),
    ]);
    const params = model.init(key(4), { dtype: "f64" });
    expectClose(model.apply(params, x).output, plain.apply(plain.init(key(4), { dtype: "f64" }), x).output, 6);
    expectClose(
      plain.apply(weightsOf(model, params) as ReturnType<typeof plain.init>, x).output,
      model.apply(params, x).output,
      15,
    );

    const single = reparametrize(sequence(gru(sizes)), { recurrent: weightNorm() });
    const weights = single.init(key(5));
    const x32 = normal(key(6), [1, 2, input]);
    const reading = await stream(single, weights);
    const whole = numbers(single.apply(weights, x32).output);
    for (const t of [0, 1]) {
      const now = await reading.step(tensor(numbers(x32).slice(t * input, (t + 1) * input), [1, input]));
      expect(numbers(now)).toEqual(whole.slice(t * hidden, (t + 1) * hidden));
    }
    await reading.dispose();
  });

  test("with buffers: those of weights go on in training, through every layer of a model", () => {
    const both = { recurrent: spectralNorm() };
    const cell = reparametrize(gru({ ...sizes, norm: batchNorm({ steps: time }) }), both);
    const model = sequential([
      bidirectional(cell),
      reparametrize(sequence(rnn({ input: 2 * hidden, hidden, norm: batchNorm({ steps: time }) })), both),
      reparametrize(dense({ input: hidden, output: 2 }), { kernel: [spectralNorm(), dropConnect(0.1)] }),
    ]);
    const params = model.init(key(1), { dtype: "f64" });
    const before = model.initialBuffers({ dtype: "f64" });
    const vectors = leavesOf(before).filter(({ path }) => path.endsWith("spectralNorm.u"));
    expect(vectors.map(({ path }) => path)).toEqual([
      "0.forward.weights.U.spectralNorm.u",
      "0.backward.weights.U.spectralNorm.u",
      "1.weights.U.spectralNorm.u",
      "2.weights.W.spectralNorm.u",
    ]);
    const trained = model.apply(params, x, { training: true, key: key(2), buffers: before }).buffers;
    expect(leavesOf(trained).map(({ path }) => path)).toEqual(leavesOf(before).map(({ path }) => path));
    for (const { path, tensor } of vectors) expect(numbers(tensorAt(trained, path))).not.toEqual(numbers(tensor));
    expect(numbers(tensorAt(trained, "1.own.norm.gates.0.mean"))).not.toEqual(
      numbers(tensorAt(before, "1.own.norm.gates.0.mean")),
    );
    expect(leavesOf(model.apply(params, x, { buffers: trained }).buffers)).toEqual(leavesOf(trained));

    // What the layer runs with is the weight divided by its largest singular value.
    const single = sequence(reparametrize(rnn(sizes), both));
    const own = single.init(key(3), { dtype: "f64" });
    let buffers = single.initialBuffers({ dtype: "f64" });
    for (let step = 0; step < 50; step++) ({ buffers } = single.apply(own, x, { training: true, buffers }));
    const { W, U, b } = own as Record<"W" | "U" | "b", Tensor>;
    // An orthogonal matrix keeps lengths, so that its half is twice too small.
    const half = single.apply({ W, U: mul(U, 0.5), b }, x, { buffers }).output;
    expectClose(half, sequence(rnn(sizes)).apply({ W, U, b }, x).output, 6);
    expect(() => single.apply(own, x)).toThrow("rnn: buffers are missing: weights.U.spectralNorm.u");
  });

  test("in cells within cells, by role and by path", () => {
    const outer = defineCell({
      name: "outer",
      cells: (own) => ({ inner: reparametrize(rnn(own), { recurrent: weightNorm() }) }),
      params: () => ({}),
      state: () => ({}),
      step: (_, __, now, { cells }) => {
        const { state, output } = cells.inner(now);
        return { state: { inner: state }, output: mul(output, 2) };
      },
    });
    const cell = outer({ ...sizes, recurrentInitializer: identity });
    expect(paths(cell)).toEqual(["inner.W", "inner.U.direction", "inner.U.gain", "inner.b"]);
    const made = tensorAt(weightsOf(cell, cell.init(key(1), { dtype: "f64" })), "inner.U");
    numbers(made).forEach((v, k) => expect(v).toBeCloseTo(k % (hidden + 1) === 0 ? 1 : 0, 14));
    const both = reparametrize(cell, { weights: { "inner.W": dropConnect(0.5) } });
    const params = both.init(key(1));
    expect(sequence(both).apply(params, normal(key(2), [batch, time, input])).output.shape).toEqual([
      batch,
      time,
      hidden,
    ]);
  });
});

test("a definition may say what its weights are made of", () => {
  const orthogonalRnn = defineCell({
    name: "orthogonalRnn",
    params: ({ input: n, hidden: m }) => ({
      W: kernel([n, m]),
      U: reparametrized(recurrentKernel([m, m]), orthogonalParametrization()),
      b: bias([m]),
    }),
    state: ({ hidden: m }) => ({ h: [m] }),
    step: ({ W, U, b }, { h }, now, { input: multiply, recurrent }) => ({
      state: { h: tanh(add(add(multiply("gates", now, W), recurrent("gates", h, U)), b)) },
      output: "h",
    }),
  });
  const cell = orthogonalRnn({ ...sizes, recurrentRegularizer: l2(1) });
  const params = cell.init(key(1), { dtype: "f64" });
  const { W, U, b } = weightsOf(cell, params) as Record<"W" | "U" | "b", Tensor>;
  expectClose(sequence(cell).apply(params, x).output, sequence(rnn(sizes)).apply({ W, U, b }, x).output, 15);
  expectClose(regularization(cell, params), sum(square(U)));
  expect(numbers(regularization(cell, params))[0]).toBeCloseTo(hidden, 12);
});

test("a cell with other weights is not what it was made from", () => {
  const cell = gru(sizes);
  expect(originOf(cell)).toBeDefined();
  expect(originOf(reparametrize(cell, { recurrent: weightNorm() }))).toBeUndefined();
});

test("what would change nothing, or cannot be, is an error", () => {
  expect(() => reparametrize(gru(sizes), {})).toThrow("reparametrize: nothing is chosen");
  expect(() => reparametrize(gru(sizes), { weights: { V: weightNorm() } })).toThrow(
    "reparametrize: gru has no weight V",
  );
  expect(() => reparametrize(dense({ input: 2, output: 3 }), { recurrent: weightNorm() })).toThrow(
    "reparametrize: recurrent would change nothing, since dense has no weight of that role; there are W, b",
  );
  expect(() => reparametrize(gru({ ...sizes, recurrentConstraint: maxNorm(1) }), { recurrent: weightNorm() })).toThrow(
    "weightNorm: the weight has a constraint",
  );
  const made = sequence(reparametrize(gru(sizes), { recurrent: weightNorm() }));
  expect(() => reparametrize(made, { recurrent: dropConnect(0.5) })).toThrow(
    "reparametrize: U of the layer gru is reparametrized already, in the cell; reparametrize the cell with both",
  );
  expect(() => reparametrize(gru as unknown as Cell, { recurrent: weightNorm() })).toThrow(
    "reparametrize: the cell is the function make",
  );
});
