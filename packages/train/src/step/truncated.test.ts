// Truncated back-propagation through time, TBPTT(k1, k2): windows, a carry, and a layer's carryAfter together.
import { dense, gru, lstm, rnn, sequence, sequential } from "@sluice/cells";
import { chain, globalNorm } from "@sluice/clip";
import {
  add,
  assertGradient,
  key,
  keyFor,
  leavesOf,
  mapTree,
  normal,
  reference,
  sum,
  tensorsOf,
  valuesOf,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { adam, batches, mse, sgd, trainer, windows, type Weighted, type Window } from "../index.ts";

const [input, hidden, time] = [2, 3, 11];
const numbers = (x: Tensor): number[] => [...valuesOf(x)];
const bits = (tree: Tree): unknown[] =>
  leavesOf(tree).map(({ path, tensor: x }) => [path, ...new Uint8Array(valuesOf(x).slice().buffer)]);

const backends: [string, Backend][] = [
  ["reference", reference()],
  ["wasm", wasm()],
  ["wasm with 2 threads", wasm({ threads: 2, oversubscribe: true })],
];
afterAll(() => Promise.all(backends.map(([, backend]) => backend.close())));

type Sequences = { readonly x: Tensor; readonly y: Tensor };

const sequencesOf = (count: number, dtype: "f32" | "f64" = "f32"): Sequences => ({
  x: normal(keyFor(key(1), "x"), [count, time, input], { dtype }),
  y: normal(keyFor(key(1), "y"), [count, time, 1], { dtype }),
});

const elman = sequential([sequence(rnn({ input, hidden })), dense({ input: hidden, output: 1 })]);
const elmanParams = mapTree(elman.init(key(2), { dtype: "f64" }), (w, path) =>
  add(w, normal(keyFor(key(3), path), w.shape, { deviation: 0.3, dtype: "f64" })),
);

/** Sum of the squared errors that count. */
const lossOf =
  (k1: number) =>
  (
    params: typeof elmanParams,
    { x, y, counted, resets }: Weighted<Window<Sequences>>,
    { carry: state }: { readonly carry: ReturnType<typeof elman.initialState> },
  ) => {
    const { output, carry } = elman.apply(params, x, { state, resets, carryAfter: k1 });
    return { loss: mse(output, y, { mask: counted, reduction: "sum" }), weight: sum(counted), carry };
  };

/**
 * Elman's network, `h <- tanh(x W + h U + b)` and `V h + c`, and its gradient in plain loops over one row: numbers by
 * name.
 */
interface Elman {
  readonly W: number[];
  readonly U: number[];
  readonly b: number[];
  readonly V: number[];
  readonly c: number[];
}

const elmanOf = ([cell, readout]: typeof elmanParams): Elman => ({
  W: numbers(cell.W),
  U: numbers(cell.U),
  b: numbers(cell.b!),
  V: numbers(readout.W),
  c: numbers(readout.b!),
});

/**
 * The gradient, added to `gradient`, of the squared errors of steps `counts` to `end` with respect to the weights as
 * steps `begin` to `end` use them: `states[begin]`, the state that step `begin` starts from, is a constant. Puts the
 * states that the weights give into `states`.
 */
function backPropagate(
  { W, U, b, V, c }: Elman,
  x: number[],
  y: number[],
  states: number[][],
  { begin, counts, end }: { begin: number; counts: number; end: number },
  gradient: Elman,
): void {
  const errors = new Map<number, number>();
  for (let t = begin; t < end; t++) {
    const before = states[t]!;
    states[t + 1] = b.map((bias, j) => {
      let sum = bias;
      for (let i = 0; i < input; i++) sum += x[t * input + i]! * W[i * hidden + j]!;
      for (let i = 0; i < hidden; i++) sum += before[i]! * U[i * hidden + j]!;
      return Math.tanh(sum);
    });
    if (t >= counts)
      errors.set(
        t,
        states[t + 1]!.reduce((sum, h, j) => sum + h * V[j]!, c[0]! - y[t]!),
      );
  }
  let dh = b.map(() => 0);
  for (let t = end - 1; t >= begin; t--) {
    const [h, before] = [states[t + 1]!, states[t]!];
    const error = errors.get(t) ?? 0;
    h.forEach((value, j) => (gradient.V[j]! += 2 * error * value));
    gradient.c[0]! += 2 * error;
    const da = h.map((value, j) => (dh[j]! + 2 * error * V[j]!) * (1 - value * value));
    da.forEach((d, j) => {
      gradient.b[j]! += d;
      for (let i = 0; i < input; i++) gradient.W[i * hidden + j]! += x[t * input + i]! * d;
      for (let i = 0; i < hidden; i++) gradient.U[i * hidden + j]! += before[i]! * d;
    });
    dh = before.map((_, i) => da.reduce((sum, d, j) => sum + d * U[i * hidden + j]!, 0));
  }
}

/** Weights after each step of stochastic gradient descent on sequences that are looked at together, twice. */
function trainInLoops(
  start: Elman,
  { x, y }: Sequences,
  { k1, k2, learningRate }: { k1: number; k2: number; learningRate: number },
): Elman[] {
  const trained: Elman[] = [];
  let weights = start;
  const rows = Array.from({ length: x.shape[0]! }, (_, row) => ({
    x: numbers(x).slice(row * time * input, (row + 1) * time * input),
    y: numbers(y).slice(row * time, (row + 1) * time),
  }));
  for (let epoch = 0; epoch < 2; epoch++) {
    const states = rows.map(() => [new Array<number>(hidden).fill(0)]);
    for (let counts = 0; counts < time; counts += k1) {
      const gradient = {
        W: weights.W.map(() => 0),
        U: weights.U.map(() => 0),
        b: weights.b.map(() => 0),
        V: weights.V.map(() => 0),
        c: [0],
      };
      const span = { begin: Math.max(0, counts + k1 - k2), counts, end: Math.min(time, counts + k1) };
      rows.forEach((row, i) => backPropagate(weights, row.x, row.y, states[i]!, span, gradient));
      const descended = (name: keyof Elman): number[] =>
        weights[name].map((w, i) => w - learningRate * gradient[name][i]!);
      weights = { W: descended("W"), U: descended("U"), b: descended("b"), V: descended("V"), c: descended("c") };
      trained.push(weights);
    }
  }
  return trained;
}

describe("TBPTT(k1, k2) of Elman's network in f64", () => {
  const data = sequencesOf(2, "f64");

  test.for([
    [1, 1],
    [1, 4],
    [2, 2],
    [3, 5],
    [4, 11],
    [5, 6],
    [11, 11],
    [3, 20],
    [20, 20],
  ] as const)("(%i, %i): every step is that of its definition in plain loops", async ([k1, k2]) => {
    const learningRate = 0.02;
    const expected = trainInLoops(elmanOf(elmanParams), data, { k1, k2, learningRate });
    const cut = windows(batches(data, { size: 2 }), { k1, k2 });
    const training = await trainer({
      loss: lossOf(k1),
      optimizer: sgd({ learningRate }),
      params: elmanParams,
      carry: elman.initialState(2, { dtype: "f64" }),
      key: key(0),
      batch: cut.at(0).batch,
    });
    let counted = 0;
    for (const { batch, step } of cut.from(0, expected.length)) {
      counted += (await training.run(batch)).weight!;
      const found = elmanOf(await training.params());
      for (const [name, values] of Object.entries(expected[step]!)) {
        found[name as keyof Elman].forEach((w, i) =>
          expect(Math.abs(w - values[i]), `${name} after step ${step}`).toBeLessThan(1e-12),
        );
      }
    }
    expect(counted).toBe(2 * 2 * time);
  });

  test("how far back the gradient goes makes a difference, so the definition is told apart from its neighbours", () => {
    const start = elmanOf(elmanParams);
    const ends = [
      [3, 3],
      [3, 4],
      [3, 5],
      [4, 5],
    ].map(([k1, k2]) => trainInLoops(start, data, { k1: k1!, k2: k2!, learningRate: 0.02 }).at(-1)!.U[0]!);
    ends.forEach((a, i) => ends.slice(i + 1).forEach((b) => expect(Math.abs(a - b)).toBeGreaterThan(1e-6)));
  });

  test.for([0, 1, 3])("the gradient of window %i is that of differences", (step) => {
    const { batch } = windows(batches(data, { size: 2 }), { k1: 3, k2: 5 }).at(step);
    const carry = mapTree(elman.initialState(2, { dtype: "f64" }), (x, path) =>
      normal(keyFor(key(4), path), x.shape, { dtype: "f64" }),
    );
    const report = assertGradient(
      (params: typeof elmanParams) => lossOf(3)(params, batch, { carry }).loss,
      elmanParams,
    );
    expect(Object.keys(report.parameters)).toContain("0.U");
  });
});

/** A model of two layers with two states, and everything that trainer needs, but for the backend. */
function languageModel({ k1, k2, count = 5, size = 2 }: { k1: number; k2: number; count?: number; size?: number }) {
  const model = sequential([
    sequence(lstm({ input, hidden: 4 })),
    sequence(gru({ input: 4, hidden: 4 })),
    dense({ input: 4, output: 1 }),
  ]);
  const cut = windows(batches(sequencesOf(count), { size, key: key(5) }), { k1, k2 });
  const program = {
    loss: (
      params: ReturnType<typeof model.init>,
      { x, y, counted, resets }: Weighted<Window<Sequences>>,
      { carry: state }: { readonly carry: ReturnType<typeof model.initialState> },
    ) => {
      const { output, carry } = model.apply(params, x, { state, resets, carryAfter: k1 });
      return { loss: mse(output, y, { mask: counted }), weight: sum(counted), carry };
    },
    optimizer: chain(globalNorm(1), adam({ learningRate: 0.02 })),
    params: model.init(key(6)),
    carry: model.initialState(size),
    key: key(7),
    batch: cut.at(0).batch,
  };
  return { model, cut, program };
}

describe.each(backends)("on %s", (_, backend) => {
  test("one window over the whole sequence is back-propagation through all of it, to the bit", async () => {
    const { model, cut, program } = languageModel({ k1: time, k2: time });
    const truncated = await trainer({ ...program, backend });
    const data = batches(sequencesOf(5), { size: 2, key: key(5) });
    const { carry: _carry, ...rest } = program;
    const whole = await trainer({
      ...rest,
      loss: (params: typeof program.params, { x, y, weight }: Weighted<Sequences>) => ({
        loss: mse(model.apply(params, x).output, y, { mask: weight }),
      }),
      batch: data.at(0).batch,
      backend,
    });
    for (const { batch } of cut.from(0, 6)) await truncated.run(batch);
    for (const { batch } of data.from(0, 6)) await whole.run(batch);
    expect(bits(await truncated.params())).toEqual(bits(await whole.params()));
  });

  test.for([
    [4, 4],
    [3, 5],
  ])(
    "TBPTT(%i, %i) goes on from a checkpoint in the middle of a sequence with the bits of an uninterrupted run",
    async ([k1, k2]) => {
      const start = async () => {
        const { cut, program } = languageModel({ k1: k1!, k2: k2! });
        return { cut, training: await trainer({ ...program, backend }) };
      };
      const whole = await start();
      for (const { batch } of whole.cut.from(0, 17)) await whole.training.run(batch);

      const first = await start();
      for (const { batch } of first.cut.from(0, 7)) await first.training.run(batch);
      const [file, state] = [await first.training.save(), await first.training.state()];
      await first.training.dispose();
      expect(tensorsOf(state.carry).some((x) => numbers(x).some((value) => value !== 0))).toBe(true);
      expect(leavesOf(state).map(({ path }) => path)).toContain("carry.0.c");

      for (const resume of ["restore", "setState"] as const) {
        const second = await start();
        await (resume === "restore" ? second.training.restore(file) : second.training.setState(state));
        expect(bits(await second.training.state())).toEqual(bits(state));
        for (const { batch } of second.cut.from(second.training.step, 17)) await second.training.run(batch);
        expect(bits(await second.training.state())).toEqual(bits(await whole.training.state()));
      }
    },
  );

  test("two epochs, with a short last batch and sequences that end within a window, are one program that keeps the carry", async () => {
    let programs = 0;
    const outputs = new Set<number>();
    const counting: Backend = {
      ...backend,
      async compile(program, options) {
        programs++;
        const executable = await backend.compile(program, options);
        return {
          ...executable,
          async run(inputs) {
            const results = await executable.run(inputs);
            outputs.add(results.length);
            return results;
          },
          readState: () => Promise.reject(new Error("the state was read")),
        };
      },
    };
    const { cut, program } = languageModel({ k1: 4, k2: 6 });
    const training = await trainer({ ...program, backend: counting });
    const losses: number[] = [];
    for (const { batch } of cut.from(0, cut.stepsIn(2))) losses.push((await training.run(batch)).loss);
    expect(losses).toHaveLength(18);
    expect(programs).toBe(1);
    // Loss and weight; penalty, norm, skipped, empty, diverged; the norm clipper's norm, limit and clipped. No carry.
    expect([...outputs]).toEqual([10]);
  });
});
