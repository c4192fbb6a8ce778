import { layerNorm, rmsNorm, type Normalizer } from "@sluice/norm";
import {
  add,
  concat,
  div,
  full,
  key,
  keyFor,
  leavesOf,
  mapTree,
  matmul,
  mean,
  mul,
  normal,
  sigmoid,
  split,
  sqrt,
  square,
  sub,
  tanh,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { bias, identity, kernel, l2, parameter, parameterCount, recurrentKernel } from "@sluice/params";
import {
  defineCell,
  evaluation,
  gru,
  lstm,
  outputOf,
  probe,
  rnn,
  sequence,
  type CellOptions,
  type StepContext,
} from "./index.ts";

const root = key(3);
const numbers = (x: Tensor): number[] => [...valuesOf(x)];
const paths = (tree: Parameters<typeof leavesOf>[0]): Record<string, readonly number[]> =>
  Object.fromEntries(leavesOf(tree).map(({ path, tensor }) => [path, tensor.shape]));

/** A definition to break in one place. */
const broken = (change: object): (() => unknown) => {
  const definition = {
    name: "mine",
    options: { beta: 1 },
    params: ({ input, hidden }: { input: number; hidden: number }) => ({
      W: kernel([input, 2 * hidden]),
      U: recurrentKernel([hidden, 2 * hidden]),
    }),
    state: ({ hidden }: { hidden: number }) => ({ h: [hidden] }),
    step: ({ W, U }: Record<"W" | "U", Tensor>, { h }: { h: Tensor }, x: Tensor) => {
      const [a] = split(add(matmul(x, W), matmul(h, U)), 2);
      return { state: { h: a! }, output: "h" as const };
    },
    ...change,
  };
  // As from JavaScript: what is broken does not have the types of a definition.
  const [define] = Object.values<unknown>({ defineCell });
  if (typeof define !== "function") throw new Error("defineCell is not a function");
  return () => define(definition)({ input: 2, hidden: 3 });
};

describe("mistakes are found where the cell is made, with the cell and the place", () => {
  const given = (options: object): CellOptions => ({ input: 2, hidden: 3, ...options });
  test.each<[string, () => unknown, string]>([
    ["hidden 0", () => gru({ input: 2, hidden: 0 }), "gru: hidden must be an integer >= 1, got 0"],
    ["hidden negative", () => lstm({ input: 2, hidden: -4 }), "lstm: hidden must be an integer >= 1, got -4"],
    ["hidden fraction", () => rnn({ input: 2, hidden: 1.5 }), "rnn: hidden must be an integer >= 1, got 1.5"],
    ["input missing", () => rnn(JSON.parse('{ "hidden": 2 }')), "rnn: input must be an integer >= 1, got undefined"],
    ["hidden as text", () => gru(given({ hidden: "8" })), 'gru: hidden must be an integer >= 1, got "8"'],
    ["Keras's units", () => gru(given({ units: 3 })), "gru: unknown option units; did you mean hidden?"],
    ["a slip", () => gru(given({ resett: "after" })), "gru: unknown option resett; did you mean reset?"],
    ["reset", () => gru(given({ reset: "befor" })), "gru: unknown reset befor; did you mean before?"],
    ["activation", () => rnn(given({ activation: "thanh" })), "rnn: activation: unknown thanh; did you mean tanh?"],
    ["biases", () => rnn(given({ biases: 3 })), "biases must be 0, 1 or 2, got 3"],
    [
      "a shape",
      broken({ params: () => ({ W: kernel([2, 6]), U: recurrentKernel([4, 6]) }) }),
      "h [2,3] x U [4,6]: inner sizes 3 and 4 differ",
    ],
    [
      "an option of all cells",
      broken({ options: { norm: 1 } }),
      "defineCell: mine has an option norm, which every cell has already; rename it",
    ],
    ["a parameter norm", broken({ params: () => ({ norm: bias([1]) }) }), "defineCell: mine has a parameter norm"],
    [
      "a state lost",
      broken({ step: (_: object, { h }: { h: Tensor }) => ({ state: {}, output: h }) }),
      "mine: the step must return the states h; it returned none",
    ],
    [
      "no output",
      broken({ step: (_: object, { h }: { h: Tensor }) => ({ state: { h } }) }),
      'mine: the step returned the output undefined, expected the name of a state, such as output: "h", or a tensor',
    ],
    ["nothing", broken({ step: () => undefined }), "mine: the step returned undefined, expected { state, output }"],
    [
      "arithmetic of JavaScript",
      broken({ step: (_: object, { h }: { h: Tensor }) => ({ state: { h: Number(h) * 2 }, output: "h" }) }),
      "mine: tree: expected a tensor, array or object at h, got the number NaN; JavaScript's * + - / do not compute with tensors: write mul",
    ],
    [
      "a state that changes",
      broken({ step: (_: object, { h }: { h: Tensor }, x: Tensor) => ({ state: { h: x }, output: h }) }),
      "mine: state h is declared as [2,3] for a batch of 2 but leaves the step as [2,2]",
    ],
    [
      "an output",
      broken({ step: (_: object, { h }: { h: Tensor }) => ({ state: { h }, output: mean(h) }) }),
      "mine: the output must be [batch, features]",
    ],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });

  test("an error within a traced gate names the gate", () => {
    const cell = defineCell({
      name: "mine",
      params: ({ input, hidden }) => ({ W: kernel([input, hidden + 1]) }),
      state: ({ hidden }) => ({ h: [hidden] }),
      step({ W }, { h }, x, { trace }) {
        const f = trace("forget", () => mul(sigmoid(matmul(x, W)), h));
        return { state: { h: f }, output: "h" };
      },
    });
    expect(() => cell({ input: 2, hidden: 3 })).toThrow("mine.forget: mul: shapes");
  });

  test("a place of norm or a trace used twice", () => {
    const twice =
      (of: "norm" | "trace"): (() => unknown) =>
      () =>
        defineCell({
          name: "mine",
          params: () => ({}),
          state: ({ hidden }) => ({ h: [hidden] }),
          step(_, { h }, _x, context) {
            const use = (y: Tensor): Tensor => context[of]("a", y);
            const next = use(use(h));
            return { state: { h: next }, output: "h" };
          },
        })({ input: 1, hidden: 2, norm: rmsNorm() });
    expect(twice("norm")).toThrow("norm: the place a is used twice; give each its own name");
    expect(twice("trace")).toThrow("trace: a is traced twice; give each its own name");
  });
});

describe("what would change nothing is an error where the cell is made", () => {
  const silent = defineCell({
    name: "silent",
    params: ({ input, hidden }) => ({ W: kernel([input, hidden]), U: recurrentKernel([hidden, hidden]) }),
    state: ({ hidden }) => ({ h: [hidden] }),
    step: ({ W, U }, { h }, x) => ({ state: { h: tanh(add(matmul(x, W), matmul(h, U))) }, output: "h" }),
  });
  const onlyCell = defineCell({
    name: "onlyCell",
    params: ({ input, hidden }) => ({ W: kernel([input, hidden]) }),
    state: ({ hidden }) => ({ h: [hidden] }),
    step: ({ W }, { h }, x, { norm }) => ({ state: { h: tanh(norm("cell", add(h, matmul(x, W)))) }, output: "h" }),
  });
  const sizes = { input: 2, hidden: 3 };
  test.each<[string, () => unknown, string]>([
    [
      "a normalizer of a step without norm",
      () => silent({ ...sizes, norm: layerNorm() }),
      "silent: layerNorm would change nothing, since the step of silent calls norm at no place where it acts",
    ],
    [
      "one without parameters",
      () => silent({ ...sizes, norm: rmsNorm({ gain: false }) }),
      "silent: rmsNorm would change nothing",
    ],
    [
      "one that leaves the only place alone",
      () => onlyCell({ ...sizes, norm: layerNorm({ cell: false }) }),
      "onlyCell: layerNorm would change nothing",
    ],
    [
      "a bias's initializer without biases",
      () => silent({ ...sizes, biasInitializer: identity }),
      "silent: biasInitializer would change nothing, since no parameter has the role bias; there are kernel, recurrent",
    ],
    [
      "a regularizer of biases that are left out",
      () => gru({ ...sizes, biases: 0, biasRegularizer: l2() }),
      "gru: biasRegularizer would change nothing, since no parameter has the role bias",
    ],
    [
      "a part of the definition",
      broken({ extras: () => ({}) }),
      "defineCell: unknown option extras; did you mean extra?",
    ],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });

  test("a normalizer without parameters that does act is none", () => {
    expect(() => onlyCell({ ...sizes, norm: layerNorm() })).not.toThrow();
    expect(() => rnn({ ...sizes, norm: rmsNorm({ gain: false }) })).not.toThrow();
  });
});

describe("whether the output is a state is said, not guessed", () => {
  test.each<[string, () => unknown, string]>([
    [
      "the state itself",
      broken({ step: (_: object, { h }: { h: Tensor }) => ({ state: { h }, output: h }) }),
      'mine: the output is the new state h; return output: "h"',
    ],
    [
      "the state under a name",
      broken({
        step: (_: object, { h }: { h: Tensor }, _x: Tensor, { trace }: StepContext) => ({
          state: { h },
          output: trace("hidden", h),
        }),
      }),
      'mine: the output is the new state h; return output: "h"',
    ],
    [
      "the output under a name",
      broken({
        step: (_: object, { h }: { h: Tensor }, _x: Tensor, { trace }: StepContext) => ({
          state: { h: trace("hidden", h) },
          output: h,
        }),
      }),
      'mine: the output is the new state h; return output: "h"',
    ],
    [
      "a state that there is not",
      broken({ step: (_: object, { h }: { h: Tensor }) => ({ state: { h }, output: "hidden" }) }),
      "mine: the output names the state hidden, but the states are h",
    ],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });
});

test("options have defaults, and reach params and step", () => {
  const scaled = defineCell({
    name: "scaled",
    options: { factor: 2, wide: false },
    params: ({ hidden }, { wide }) => ({ w: parameter([wide ? 2 * hidden : hidden]) }),
    state: ({ hidden }) => ({ h: [hidden] }),
    step: ({ w }, { h }, _, { factor }) => ({
      state: { h: mul(add(h, 1), factor) },
      output: w.shape[0] === h.shape[1] ? h : add(h, 1),
    }),
  });
  const run = (options: object): number[] => {
    const cell = scaled({ input: 1, hidden: 1, ...options });
    return numbers(cell.step(cell.init(root), { h: full([1, 1], 1) }, full([1, 1], 0)).state.h);
  };
  expect(run({})).toEqual([4]);
  expect(run({ factor: 3 })).toEqual([6]);
  expect(scaled({ input: 1, hidden: 1, wide: true }).init(root).w.shape).toEqual([2]);
});

test("extra inputs reach the step by name, and a missing one is named", () => {
  const decay = defineCell({
    name: "decay",
    extra: ({ input }) => ({ delta: [1], seen: [input] }),
    params: () => ({}),
    state: ({ hidden }) => ({ h: [hidden] }),
    step(_, { h }, x, { extra: { delta, seen } }) {
      const next = add(sub(h, delta), mul(x, seen));
      return { state: { h: next }, output: "h" };
    },
  });
  const layer = sequence(decay({ input: 2, hidden: 2 }));
  const x = full([1, 3, 2], 1);
  const { output } = layer.apply(layer.init(root), x, {
    extra: { delta: full([1, 3, 1], 3), seen: full([1, 3, 2], 2) },
  });
  expect(numbers(output)).toEqual([-1, -1, -2, -2, -3, -3]);
  expect(() => layer.apply(layer.init(root), x, { extra: { delta: full([1, 3, 1], 3) } })).toThrow(
    "decay: extra seen must be [1,3,2] (batch, time, ...), got none",
  );
});

test("initializers and regularizers are chosen by role, and a forget bias stays on top", () => {
  const cell = lstm({
    input: 2,
    hidden: 3,
    biasInitializer: (_, shape) => full(shape, 0.5, "f64"),
    recurrentInitializer: identity,
  });
  const { b, U } = cell.init(root);
  expect(numbers(b!)).toEqual([0.5, 0.5, 0.5, 1.5, 1.5, 1.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  expect(numbers(U).filter((u) => u === 1).length).toBe(12);
  expect(numbers(lstm({ input: 1, hidden: 1, forgetBias: 0 }).init(root).b!)).toEqual([0, 0, 0, 0]);
  expect(numbers(lstm({ input: 1, hidden: 1, biases: 2 }).init(root).bh!)).toEqual([0, 0, 0, 0]);
});

test("parameters are counted, and drawn from keys of their own names", () => {
  expect(parameterCount(gru({ input: 28, hidden: 64 }))).toBe(28 * 192 + 64 * 192 + 2 * 192);
  expect(parameterCount(gru({ input: 28, hidden: 64, reset: "before" }))).toBe(28 * 192 + 64 * 192 + 192);
  expect(parameterCount(sequence(lstm({ input: 28, hidden: 64 })))).toBe(4 * 64 * (28 + 64 + 1));
  const [one, two] = [
    rnn({ input: 2, hidden: 3 }).init(root),
    rnn({ input: 2, hidden: 3, norm: layerNorm() }).init(root),
  ];
  expect(numbers(one.U)).toEqual(numbers(two.U));
  expect(rnn({ input: 2, hidden: 3 }).init(root, { dtype: "f64" }).W.dtype).toBe("f64");
});

describe("norm", () => {
  const [batch, input, hidden] = [4, 3, 5];
  const x = normal(keyFor(root, "x"), [batch, input]);
  const h = normal(keyFor(root, "h"), [batch, hidden]);
  const c = normal(keyFor(root, "c"), [batch, hidden]);
  const LN = (y: Tensor): Tensor => {
    const d = sub(y, mean(y, -1, { keep: true }));
    return div(d, sqrt(add(mean(square(d), -1, { keep: true }), 1e-5)));
  };
  const close = (a: Tensor, b: Tensor): void =>
    numbers(a).forEach((value, i) => expect(value).toBeCloseTo(numbers(b)[i]!, 5));

  const expected = (
    W: Tensor,
    U: Tensor,
    b: Tensor,
    gates: (products: Tensor[], b: Tensor) => Tensor[],
    cell: (c: Tensor) => Tensor,
  ): Tensor => {
    const [i, f, g, o] = gates([matmul(x, W), matmul(h, U)], b);
    const next = add(mul(sigmoid(f!), c), mul(sigmoid(i!), tanh(g!)));
    return mul(sigmoid(o!), tanh(cell(next)));
  };
  const branches = ([p, q]: Tensor[], b: Tensor): Tensor[] => split(add(add(LN(p!), LN(q!)), b), 4);
  const gatewise = ([p, q]: Tensor[], b: Tensor): Tensor[] => split(add(add(p!, q!), b), 4).map(LN);

  test.each([
    { name: "branches, with the cell", norm: layerNorm(), gates: branches, cell: LN },
    { name: "gates, with the cell", norm: layerNorm({ placement: "gates" }), gates: gatewise, cell: LN },
    { name: "branches, not the cell", norm: layerNorm({ cell: false }), gates: branches, cell: (y: Tensor) => y },
  ])("an LSTM with layerNorm on $name is the published one", ({ norm, gates, cell }) => {
    const made = lstm({ input, hidden, norm, biasInitializer: (_, shape) => full(shape, 0.3, "f64") });
    const params = made.init(root);
    close(outputOf(made.step(params, { h, c }, x)), expected(params.W, params.U, params.b!, gates, cell));
  });

  test("a GRU with layerNorm is the paper's: r and z together, the candidate on its own, the reset after the normalized product", () => {
    const made = gru({ input, hidden, norm: layerNorm() });
    const params = made.init(root);
    const blocks = (y: Tensor): Tensor[] => split(y, 3);
    const [wr, wz, wn] = blocks(params.W);
    const [ur, uz, un] = blocks(params.U);
    const [r, z] = split(add(LN(matmul(x, concat([wr!, wz!]))), LN(matmul(h, concat([ur!, uz!])))), 2).map(sigmoid);
    const n = tanh(add(LN(matmul(x, wn!)), mul(r!, LN(matmul(h, un!)))));
    close(outputOf(made.step(params, { h }, x)), add(mul(z!, h), mul(sub(1, z!), n)));
  });

  test("the parameters of a normalizer lie under norm, by place", () => {
    expect(paths(lstm({ input, hidden, norm: layerNorm({ placement: "gates" }) }).init(root))).toEqual({
      W: [3, 20],
      U: [5, 20],
      b: [20],
      "norm.gates.gates.gain": [4, 5],
      "norm.gates.gates.bias": [4, 5],
      "norm.cell.state.gain": [5],
      "norm.cell.state.bias": [5],
    });
    expect(paths(rnn({ input, hidden, norm: rmsNorm() }).init(root))).toEqual({
      W: [3, 5],
      U: [5, 5],
      b: [5],
      "norm.gates.0.gain": [5],
      "norm.gates.1.gain": [5],
    });
    expect(paths(rnn({ input, hidden, norm: rmsNorm({ gain: false }) }).init(root))).toEqual({
      W: [3, 5],
      U: [5, 5],
      b: [5],
    });
  });

  test("a normalizer of one's own is a plain object", () => {
    const dyt: Normalizer = {
      name: "dyt",
      placement: { preactivation: "gates", cell: false },
      params: () => ({ alpha: { shape: [], initializer: (_, shape) => full(shape, 0.5, "f64") } }),
      apply: ({ alpha }, y) => tanh(mul(y, alpha!)),
    };
    const made = rnn({ input, hidden, norm: dyt });
    const params = made.init(root);
    close(outputOf(made.step(params, { h }, x)), tanh(tanh(mul(add(matmul(x, params.W), matmul(h, params.U)), 0.5))));
  });

  test("parameters of a cell without the norm are an error that names what is missing", () => {
    const params = rnn({ input, hidden }).init(root);
    expect(() => rnn({ input, hidden, norm: layerNorm() }).step(params, { h }, x)).toThrow(
      "rnn: the parameters do not fit: no norm.gates.0.gain, expected [5]; no norm.gates.0.bias, expected [5]; no norm.gates.1.gain, expected [5]; no norm.gates.1.bias, expected [5]",
    );
  });
});

test("probing says what a step puts out and traces", () => {
  expect(probe(gru({ input: 2, hidden: 3 }))).toEqual({
    features: 3,
    outputState: "h",
    mixesRows: false,
    draws: false,
    observes: false,
    traces: { reset: [3], update: [3], candidate: [3] },
    products: [
      { kind: "input", name: "gates", gates: 3, source: "", rows: 2, columns: 9 },
      { kind: "recurrent", name: "gates", gates: 3, source: "", rows: 3, columns: 9 },
    ],
  });
  expect(evaluation.training).toBe(false);
});

test("an IRNN starts by adding what is not negative", () => {
  const cell = rnn({
    input: 2,
    hidden: 2,
    activation: "relu",
    kernelInitializer: identity,
    recurrentInitializer: identity,
  });
  const state = mapTree({ h: full([1, 2], 1) }, (s) => s);
  expect(numbers(outputOf(cell.step(cell.init(root), state, full([1, 2], 3))))).toEqual([4, 4]);
  expect(numbers(outputOf(cell.step(cell.init(root), state, full([1, 2], -3))))).toEqual([0, 0]);
});
