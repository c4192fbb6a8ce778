// Modifiers against plain loops over the equations, in f64.
import { add, key, keyFor, leavesOf, mapTree, normal, tensor, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import { parameterCount } from "@sluice/params";
import { expect, test } from "vitest";
import {
  blockDiagonal,
  clipState,
  fastSlow,
  gru,
  highway,
  independentRecurrence,
  integration,
  learnedInitialState,
  lstm,
  multiplicative,
  residual,
  rnn,
  sequence,
  type Cell,
} from "../index.ts";

type Vector = readonly number[];
type Matrix = readonly Vector[];

const [batch, time, input, n] = [2, 5, 3, 4];
const x = normal(key(1), [batch, time, input], { dtype: "f64" });
const sigma = (a: number): number => 1 / (1 + Math.exp(-a));
const zeros = (size: number): Vector => new Array<number>(size).fill(0);
const times = (v: Vector, W: Matrix): Vector => W[0]!.map((_, j) => v.reduce((sum, a, i) => sum + a * W[i]![j]!, 0));
const sum = (...vs: readonly Vector[]): Vector => vs[0]!.map((_, j) => vs.reduce((total, v) => total + v[j]!, 0));
const product = (...vs: readonly Vector[]): Vector => vs[0]!.map((_, j) => vs.reduce((total, v) => total * v[j]!, 1));
const map = (f: (a: number) => number, v: Vector): Vector => v.map((a) => f(a));
/** Gate `k` of a vector, or of the columns of a matrix. */
const gate = (v: Vector, k: number, width = n): Vector => v.slice(k * width, (k + 1) * width);
const gateOf = (W: Matrix, k: number, width = n): Matrix => W.map((row) => gate(row, k, width));

/** The parameters by path, as vectors and matrices. */
function plainOf(params: Tree): { v: (path: string) => Vector; m: (path: string) => Matrix } {
  const found = new Map(leavesOf(params).map((leaf) => [leaf.path, leaf.tensor]));
  const v = (path: string): Vector => [...valuesOf(found.get(path)!)];
  const m = (path: string): Matrix => {
    const columns = found.get(path)!.shape.at(-1)!;
    return Array.from({ length: v(path).length / columns }, (_, i) => v(path).slice(i * columns, (i + 1) * columns));
  };
  return { v, m };
}

type Step = (
  x: Vector,
  state: Readonly<Record<string, Vector>>,
) => {
  readonly state: Readonly<Record<string, Vector>>;
  readonly output: Vector;
};

/** Runs the cell and a plain step, from parameters and states away from their initial values, and compares outputs. */
function expectLoop(cell: Cell, plain: (params: Tree) => Step): void {
  const layer = sequence(cell);
  const away = <T extends Tree>(tree: T, name: string): T =>
    mapTree(tree, (value, path) =>
      add(value, normal(keyFor(key(3), `${name} ${path}`), value.shape, { deviation: 0.4, dtype: "f64" })),
    );
  const params = away(layer.init(key(2), { dtype: "f64" }), "params");
  const state = away(layer.initialState(batch, { dtype: "f64", params }), "state");
  const applied = layer.apply(params, x, { state });
  const output = [...valuesOf(applied.output)];
  const width = output.length / (batch * time);
  const step = plain(params);
  for (let row = 0; row < batch; row++) {
    let now: Readonly<Record<string, Vector>> = Object.fromEntries(
      leavesOf(state).map(({ path, tensor: begun }) => [path, rowOf(begun, row)]),
    );
    for (let t = 0; t < time; t++) {
      const from = (row * time + t) * input;
      const next = step([...valuesOf(x)].slice(from, from + input), now);
      now = next.state;
      next.output.forEach((value, j) => expect(output[(row * time + t) * width + j]).toBeCloseTo(value, 12));
    }
    for (const { path, tensor: final } of leavesOf(applied.state))
      rowOf(final, row).forEach((value, j) => expect(value).toBeCloseTo(now[path]![j]!, 12));
  }
}

function rowOf(y: Tensor, row: number): Vector {
  const width = valuesOf(y).length / batch;
  return [...valuesOf(y)].slice(row * width, (row + 1) * width);
}

/** A GRU with the reset after, whose products are given. */
function gruStep(b: Vector, bh: Vector, xW: Vector, hU: Vector, h: Vector): Vector {
  const r = map(sigma, sum(gate(xW, 0), gate(hU, 0), gate(b, 0), gate(bh, 0)));
  const z = map(sigma, sum(gate(xW, 1), gate(hU, 1), gate(b, 1), gate(bh, 1)));
  const candidate = map(Math.tanh, sum(gate(xW, 2), gate(b, 2), product(r, sum(gate(hU, 2), gate(bh, 2)))));
  return h.map((old, j) => z[j]! * old + (1 - z[j]!) * candidate[j]!);
}

/** An LSTM with one bias, from its preactivation. */
function lstmStep(a: Vector, c: Vector, width = n): { h: Vector; c: Vector } {
  const [i, f, o] = [0, 1, 3].map((k) => map(sigma, gate(a, k, width)));
  const next = sum(product(f!, c), product(i!, map(Math.tanh, gate(a, 2, width))));
  return { h: product(o!, map(Math.tanh, next)), c: next };
}

test("independentRecurrence multiplies each unit's own state by a vector for each gate", () => {
  const cell = independentRecurrence(gru({ input, hidden: n }));
  expect(parameterCount(cell)).toBe(parameterCount(gru({ input, hidden: n })) - n * 3 * n + 3 * n);
  expectLoop(cell, (params) => {
    const { v, m } = plainOf(params);
    return (now, { h }) => {
      const uh = product(v("U.diagonal"), [...h!, ...h!, ...h!]);
      const next = gruStep(v("b"), v("bh"), times(now, m("W")), uh, h!);
      return { state: { h: next }, output: next };
    };
  });
});

test("blockDiagonal multiplies each head's state by its own blocks", () => {
  const heads = 2;
  const cell = blockDiagonal(gru({ input, hidden: n }), { heads });
  expect(parameterCount(cell)).toBe(parameterCount(gru({ input, hidden: n })) - (n * 3 * n) / heads);
  expectLoop(cell, (params) => {
    const { v, m } = plainOf(params);
    const d = n / heads;
    // [heads, d, 3 d], with the gates one after the other in the columns.
    const blocks = (head: number): Matrix => m("U.blocks").slice(head * d, (head + 1) * d);
    return (now, { h }) => {
      const hU = [0, 1, 2].flatMap((k) =>
        [0, 1].flatMap((head) => times(h!.slice(head * d, (head + 1) * d), gateOf(blocks(head), k, d))),
      );
      const next = gruStep(v("b"), v("bh"), times(now, m("W")), hU, h!);
      return { state: { h: next }, output: next };
    };
  });
});

const integrate = (v: (path: string) => Vector, xW: Vector, hU: Vector): Vector =>
  sum(
    product(v("integration.U.alpha"), xW, hU),
    product(v("integration.U.beta1"), hU),
    product(v("integration.U.beta2"), xW),
  );

test("integration by multiplication, of an LSTM", () => {
  expectLoop(integration(lstm({ input, hidden: n }), "multiplication"), (params) => {
    const { v, m } = plainOf(params);
    return (now, { h, c }) => {
      const a = sum(integrate(v, times(now, m("W")), times(h!, m("U"))), v("b"));
      const next = lstmStep(a, c!);
      return { state: { ...next }, output: next.h };
    };
  });
});

test("integration by multiplication, of a GRU with the reset before: the candidate multiplies its own columns", () => {
  expectLoop(integration(gru({ input, hidden: n, reset: "before" }), "multiplication"), (params) => {
    const { v, m } = plainOf(params);
    return (now, { h }) => {
      const xW = times(now, m("W"));
      const gates = sum(integrate(v, xW, times(h!, m("U"))), v("b"));
      const [r, z] = [0, 1].map((k) => map(sigma, gate(gates, k)));
      const candidates = sum(integrate(v, xW, times(product(r!, h!), m("U"))), v("b"));
      const candidate = map(Math.tanh, gate(candidates, 2));
      const next = h!.map((old, j) => z![j]! * old + (1 - z![j]!) * candidate[j]!);
      return { state: { h: next }, output: next };
    };
  });
});

test("multiplicative LSTM", () => {
  expectLoop(multiplicative(lstm({ input, hidden: n })), (params) => {
    const { v, m } = plainOf(params);
    return (now, { h, c }) => {
      const mt = product(times(now, m("multiplicative.W")), times(h!, m("multiplicative.U")));
      const next = lstmStep(sum(times(now, m("W")), times(mt, m("U")), v("b")), c!);
      return { state: { ...next }, output: next.h };
    };
  });
});

const rnnStep = (params: Tree): ((now: Vector, h: Vector) => Vector) => {
  const { v, m } = plainOf(params);
  return (now, h) => map(Math.tanh, sum(times(now, m("W")), times(h, m("U")), v("b")));
};

test("residual adds the input, or its projection", () => {
  expectLoop(residual(rnn({ input, hidden: input })), (params) => (now, { h }) => {
    const next = rnnStep(params)(now, h!);
    return { state: { h: next }, output: sum(next, now) };
  });
  expectLoop(residual(rnn({ input, hidden: n })), (params) => (now, { h }) => {
    const next = rnnStep(params)(now, h!);
    return { state: { h: next }, output: sum(next, times(now, plainOf(params).m("residual.P"))) };
  });
});

test("highway gates output and input", () => {
  const gated = (params: Tree, now: Vector, output: Vector, carried: Vector): Vector => {
    const { v, m } = plainOf(params);
    const T = map(sigma, sum(times(now, m("highway.W")), v("highway.b")));
    return T.map((g, j) => g * output[j]! + (1 - g) * carried[j]!);
  };
  expectLoop(highway(rnn({ input, hidden: input })), (params) => (now, { h }) => {
    const next = rnnStep(params)(now, h!);
    return { state: { h: next }, output: gated(params, now, next, now) };
  });
  expectLoop(highway(rnn({ input, hidden: n })), (params) => (now, { h }) => {
    const next = rnnStep(params)(now, h!);
    return { state: { h: next }, output: gated(params, now, next, times(now, plainOf(params).m("highway.P"))) };
  });
});

test("fastSlow runs three fast cells and one slow cell, and passes h and c on", () => {
  const slow = 2;
  const cell = fastSlow({
    fast: [lstm({ input, hidden: n }), lstm({ input: slow, hidden: n }), lstm({ input: 1, hidden: n })],
    slow: lstm({ input: n, hidden: slow }),
  });
  expectLoop(cell, (params) => {
    const { v, m } = plainOf(params);
    const step = (name: string, now: Vector, s: { h: Vector; c: Vector }): { h: Vector; c: Vector } =>
      lstmStep(sum(times(now, m(`${name}.W`)), times(s.h, m(`${name}.U`)), v(`${name}.b`)), s.c, s.h.length);
    return (now, state) => {
      const f1 = step("fast1", now, { h: state["fast.h"]!, c: state["fast.c"]! });
      const s = step("slow", f1.h, { h: state["slow.h"]!, c: state["slow.c"]! });
      const f3 = step("fast3", zeros(1), step("fast2", s.h, f1));
      return { state: { "fast.h": f3.h, "fast.c": f3.c, "slow.h": s.h, "slow.c": s.c }, output: f3.h };
    };
  });
});

test("clipState clips the states that are given, after the step", () => {
  const limit = 0.3;
  let clipped = 0;
  expectLoop(clipState(lstm({ input, hidden: n }), { c: limit }), (params) => {
    const { v, m } = plainOf(params);
    return (now, { h, c }) => {
      const next = lstmStep(sum(times(now, m("W")), times(h!, m("U")), v("b")), c!);
      clipped += next.c.filter((value) => Math.abs(value) > limit).length;
      const inside = map((value) => Math.max(-limit, Math.min(limit, value)), next.c);
      return { state: { h: next.h, c: inside }, output: next.h };
    };
  });
  expect(clipped).toBeGreaterThan(5);
});

test("learnedInitialState begins every row, and every reset, with the parameters", () => {
  const cell = learnedInitialState(rnn({ input, hidden: n }));
  const params = mapTree(cell.init(key(2), { dtype: "f64" }), (w, path) =>
    path === "initialState.h" ? normal(key(4), w.shape, { dtype: "f64" }) : w,
  );
  const resets = tensor([0, 0, 0, 1, 0, 0, 0, 0, 0, 0], [batch, time], { dtype: "bool" });
  const { output } = sequence(cell).apply(params, x, { resets });
  const step = rnnStep(params);
  for (let row = 0; row < batch; row++) {
    let h = plainOf(params).v("initialState.h");
    for (let t = 0; t < time; t++) {
      const from = (row * time + t) * input;
      if (row === 0 && t === 3) h = plainOf(params).v("initialState.h");
      h = step([...valuesOf(x)].slice(from, from + input), h);
      h.forEach((value, j) => expect([...valuesOf(output)][(row * time + t) * n + j]).toBeCloseTo(value, 12));
    }
  }
});
