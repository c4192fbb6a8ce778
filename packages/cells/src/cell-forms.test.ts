// What a cell may be made of: nested parameters, cells within cells, states that are learned, integers or counted.
import {
  add,
  assertGradient,
  compile,
  concat,
  convert,
  equal,
  full,
  grad,
  key,
  keyFor,
  leavesOf,
  mapTree,
  matmul,
  mul,
  normal,
  reshape,
  select,
  sliceAxis,
  square,
  sub,
  sum,
  tanh,
  tensor,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import {
  bias,
  identity,
  kernel,
  l2,
  ones,
  parameter,
  parameterCount,
  recurrentKernel,
  regularization,
} from "@sluice/params";
import { wasm } from "@sluice/wasm";
import { describe, expect, test } from "vitest";
import {
  bidirectional,
  defineCell,
  gru,
  lstm,
  sequence,
  sequential,
  stream,
  variationalDropout,
  zoneout,
} from "./index.ts";

const [batch, time, input, hidden] = [3, 5, 2, 4];
const root = key(3);
const x = normal(keyFor(root, "x"), [batch, time, input]);
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const steps = (y: Tensor, from: number, to: number): Tensor => sliceAxis(y, 1, from, to);
const flags = (rows: readonly (readonly number[])[]): Tensor =>
  tensor(rows.flat(), [rows.length, rows[0]!.length], { dtype: "bool" });
const paths = (tree: Parameters<typeof leavesOf>[0]): string[] => leavesOf(tree).map(({ path }) => path);

/** The next state is what a network of two layers makes of input and state. */
const deep = defineCell({
  name: "deep",
  params: ({ input: n, hidden: m }) => ({
    mlp: [{ W: kernel([n + m, 3]), b: bias([3]) }, { W: recurrentKernel([3, m]) }] as const,
    scale: { out: parameter([m], { initializer: ones }) },
  }),
  state: ({ hidden: m }) => ({ h: [m] }),
  step({ mlp: [first, second], scale }, { h }, given) {
    const inside = tanh(add(matmul(concat([given, h], 1), first.W), first.b));
    return { state: { h: mul(tanh(matmul(inside, second.W)), scale.out) }, output: "h" };
  },
});

describe("parameters that nest", () => {
  test("are named by their paths, and take roles", () => {
    const cell = deep({ input, hidden, biasInitializer: ones, kernelRegularizer: l2(0.5) });
    const params = cell.init(root);
    expect(paths(params)).toEqual(["mlp.0.W", "mlp.0.b", "mlp.1.W", "scale.out"]);
    expect(numbers(params.mlp[0].b)).toEqual([1, 1, 1]);
    expect(parameterCount(cell)).toBe((input + hidden) * 3 + 3 + 3 * hidden + hidden);
    const squares = numbers(params.mlp[0].W).reduce((total, w) => total + w * w, 0);
    expect(numbers(regularization(cell, params))[0]).toBeCloseTo(0.5 * squares, 5);
  });

  test("are differentiated, and what is none is named", () => {
    const layer = sequence(deep({ input, hidden }));
    assertGradient((p) => layer.apply(p, x, { lengths: [5, 2, 0] }).output, layer.init(root));
    const broken = { name: "broken", params: () => ({ a: { W: "W" } }), state: () => ({ h: [1] }), step: () => ({}) };
    expect(() => Reflect.apply(defineCell, undefined, [broken])({ input: 1, hidden: 1 })).toThrow(
      'defineCell: broken: parameter a.W is "W", expected one such as kernel([input, hidden]), or an object or list of them',
    );
  });
});

/** An LSTM whose input and state drive a GRU, whose state scales the LSTM's gates: a small hyper-network. */
const hyper = defineCell({
  name: "hyper",
  options: { width: 3 },
  cells: ({ input: n, hidden: m }, { width }) => ({ inner: gru({ input: n + m, hidden: width }) }),
  params: ({ input: n, hidden: m }, { width }) => ({
    W: kernel([n, m]),
    U: recurrentKernel([m, m]),
    Z: kernel([width, m]),
  }),
  state: ({ hidden: m }) => ({ h: [m] }),
  step({ W, U, Z }, { h }, given, { input: multiply, recurrent, cells }) {
    const inner = cells.inner(concat([given, h], 1));
    const z = matmul(inner.output, Z);
    const next = tanh(add(multiply("x", given, W), mul(z, recurrent("h", h, U))));
    return { state: { h: next, inner: inner.state }, output: "h" };
  },
});

describe("a cell within a cell", () => {
  const cell = hyper({ input, hidden });
  const params = cell.init(root);

  test("has its parameters, states, traces and extra inputs under its name", () => {
    expect(paths(params)).toEqual(["W", "U", "Z", "inner.W", "inner.U", "inner.b", "inner.bh"]);
    expect(numbers(params.inner.U)).toEqual(
      numbers(gru({ input: input + hidden, hidden: 3 }).init(keyFor(root, "inner")).U),
    );
    const layer = sequence(cell);
    const { state, traces } = layer.apply(params, x, { traces: true });
    expect(paths(state)).toEqual(["h", "inner.h"]);
    expect(Object.keys(traces)).toEqual(["inner.reset", "inner.update", "inner.candidate"]);
    expect(paths(layer.perturbations({ batch, time }))).toEqual(["h", "inner.h"]);
  });

  test("takes its steps: by loops over both cells", () => {
    const inside = gru({ input: input + hidden, hidden: 3 });
    let [h, g]: [Tensor, Tensor] = [full([batch, hidden], 0), full([batch, 3], 0)];
    const { output } = sequence(cell).apply(params, x);
    for (let t = 0; t < time; t++) {
      const now = reshape(steps(x, t, t + 1), [batch, input]);
      g = inside.step(params.inner, { h: g }, concat([now, h], 1)).state.h;
      h = tanh(add(matmul(now, params.W), mul(matmul(g, params.Z), matmul(h, params.U))));
      expect(numbers(steps(output, t, t + 1))).toEqual(numbers(h));
    }
  });

  test("is differentiated, zoned out by its path, dropped out as all recurrent products, and streamed", async () => {
    const modified = zoneout(variationalDropout(cell, { recurrent: 0.3 }), { h: 0.2, inner: { h: 0.4 } });
    const layer = sequence(modified);
    assertGradient(
      ({ p, s }) => {
        const { output, state } = layer.apply(p, x, { state: s, training: true, key: key(5), lengths: [5, 3, 1] });
        return { output, state };
      },
      { p: params, s: layer.initialState(batch) },
      { samples: 4 },
    );
    const reading = await stream(sequence(cell), params, { batch });
    const whole = sequence(cell).apply(params, x).output;
    for (let t = 0; t < time; t++) {
      const now = tensor(numbers(steps(x, t, t + 1)), [batch, input]);
      expect(numbers(await reading.step(now))).toEqual(numbers(steps(whole, t, t + 1)));
    }
    await reading.dispose();
  });

  test("the user's initializer of a role reaches it, and others are its own", () => {
    const begun = hyper({ input, hidden, recurrentInitializer: identity }).init(root);
    expect(numbers(begun.inner.U).slice(0, 9)).toEqual([1, 0, 0, 1, 0, 0, 1, 0, 0]);
    expect(numbers(begun.inner.W)).toEqual(numbers(params.inner.W));
  });

  test("a name that is taken, and a second call without a name, are errors", () => {
    const taken = defineCell({
      name: "taken",
      cells: () => ({ W: gru({ input, hidden: 1 }) }),
      params: () => ({ W: kernel([1, 1]) }),
      state: ({ hidden: m }) => ({ h: [m] }),
      step: (_, { h, W }) => ({ state: { h, W }, output: "h" }),
    });
    expect(() => taken({ input, hidden })).toThrow("taken: the inner cell W has the name of parameter; rename it");
    const twice = (name: string | undefined) =>
      defineCell({
        name: "twice",
        cells: ({ input: n, hidden: m }) => ({ inner: gru({ input: n, hidden: m }) }),
        params: () => ({}),
        state: () => ({}),
        step(_, __, given, { cells }) {
          const first = cells.inner(given);
          const second = cells.inner(given, { state: first.state, ...(name !== undefined && { name }) });
          return { state: { inner: second.state }, output: "inner.h" };
        },
      })({ input, hidden });
    expect(() => twice(undefined)).toThrow("inner.gates is made twice");
    const params2 = twice("again").init(root);
    const one = gru({ input, hidden });
    const now = reshape(steps(x, 0, 1), [batch, input]);
    const h = one.step(params2.inner, one.step(params2.inner, { h: full([batch, hidden], 0) }, now).state, now).state.h;
    expect(numbers(sequence(twice("again"), { outputs: "last" }).apply(params2, steps(x, 0, 1)).output)).toEqual(
      numbers(h),
    );
  });
});

/** States of every kind: learned, constant, drawn, an integer, a bool. */
const kinds = defineCell({
  name: "kinds",
  params: ({ input: n, hidden: m }) => ({ W: kernel([n, m]), start: { h0: parameter([m], { initializer: ones }) } }),
  state: ({ hidden: m }) => ({
    h: { shape: [m], initial: "start.h0" },
    half: { shape: [m], initial: 0.5 },
    eye: { shape: [m, m], initial: identity },
    count: { shape: [2], dtype: "i32", initial: 7 },
    even: { shape: [], dtype: "bool", initial: 1 },
  }),
  step({ W }, { h, half, eye, count, even }, given) {
    const turned = reshape(matmul(reshape(h, [h.shape[0]!, 1, h.shape[1]!]), eye), h.shape);
    const next = select(reshape(even, [h.shape[0]!, 1]), tanh(add(add(turned, half), matmul(given, W))), h);
    const flipped = equal(convert(even, "i32"), 0);
    return { state: { h: next, half, eye: mul(eye, 0.9), count: add(count, 1), even: flipped }, output: "h" };
  },
});

describe("states", () => {
  const cell = kinds({ input, hidden });
  const params = mapTree(cell.init(root), (w, path) => add(w, normal(keyFor(root, path), w.shape, { deviation: 0.2 })));
  const layer = sequence(cell);

  test("begin as they say, with the parameters for what is learned", () => {
    const state = layer.initialState(2, { params });
    expect(numbers(state.h)).toEqual([...numbers(params.start.h0), ...numbers(params.start.h0)]);
    expect(numbers(state.half)).toEqual(new Array(8).fill(0.5));
    expect(numbers(state.eye)).toEqual([
      ...numbers(identity(root, [4, 4], {})),
      ...numbers(identity(root, [4, 4], {})),
    ]);
    expect([numbers(state.count), state.count.dtype]).toEqual([[7, 7, 7, 7], "i32"]);
    expect([numbers(state.even), state.even.dtype]).toEqual([[1, 1], "bool"]);
    expect(() => layer.initialState(2)).toThrow(
      "kinds: state h begins as the parameter start.h0, so the initial state needs the parameters; pass initialState(batch, { params })",
    );
    expect(layer.initialState(1, { params, dtype: "f64" }).half.dtype).toBe("f64");
  });

  test("apply, resets, carried states and layers of layers begin there", () => {
    const state = layer.initialState(batch, { params });
    const whole = layer.apply(params, x);
    expect(numbers(whole.output)).toEqual(numbers(layer.apply(params, x, { state }).output));
    expect(numbers(whole.state.count)).toEqual(new Array(6).fill(7 + time));
    const resets = flags([
      [0, 0, 1, 0, 0],
      [0, 0, 1, 0, 0],
      [0, 0, 1, 0, 0],
    ]);
    const again = layer.apply(params, x, {
      resets,
      state: mapTree(state, (s) => (s.dtype === "bool" ? s : mul(s, 0))),
    });
    expect(numbers(steps(again.output, 2, 5))).toEqual(numbers(layer.apply(params, steps(x, 2, 5)).output));
    expect(numbers(again.state.count)).toEqual(new Array(6).fill(7 + 3));
    const first = layer.apply(params, x, { carryAfter: 2 });
    expect(numbers(layer.apply(params, steps(x, 2, 5), { state: first.carry }).output)).toEqual(
      numbers(steps(whole.output, 2, 5)),
    );
    const both = sequential([bidirectional(cell, { merge: "sum" }), sequence(gru({ input: hidden, hidden }))]);
    const weights = both.init(root);
    expect(numbers(both.apply(weights, x, { state: both.initialState(batch, { params: weights }) }).output)).toEqual(
      numbers(both.apply(weights, x).output),
    );
    expect(numbers(both.initialState(1, { params: weights })[0].backward.h)).toEqual(
      numbers(weights[0].backward.start.h0),
    );
  });

  test("gradients reach what is learned, also after resets, and perturbations of integers are zeros", () => {
    const resets = flags([
      [0, 0, 1, 0, 0],
      [0, 1, 0, 0, 1],
      [0, 0, 0, 0, 0],
    ]);
    assertGradient((p) => layer.apply(p, x, { resets, lengths: [5, 4, 0] }).output, params);
    // Where no step is taken the final state is the initial one: each row adds 1.
    const g = grad((p: typeof params) => sum(layer.apply(p, x, { lengths: [0, 0, 0] }).state.h))(params);
    expect(numbers(g.start.h0)).toEqual([3, 3, 3, 3]);
    const perturbations = layer.perturbations({ batch, time });
    const back = grad((p: typeof perturbations) => sum(layer.apply(params, x, { perturbations: p }).output))(
      perturbations,
    );
    expect(numbers(back.count).every((value) => value === 0)).toBe(true);
    expect(numbers(back.h).some((value) => value !== 0)).toBe(true);
  });

  test("have the reference backend's bits on WebAssembly, masked, reset and streamed", async () => {
    const backend = wasm();
    const mask = flags([
      [1, 0, 1, 1, 1],
      [0, 1, 1, 0, 1],
      [1, 1, 1, 1, 0],
    ]);
    const run = (p: typeof params, y: Tensor) => {
      const applied = layer.apply(p, y, { mask, lengths: [5, 4, 2] });
      return { output: applied.output, state: applied.state };
    };
    const [plain, fast] = [await compile(run, [params, x]), await compile(run, [params, x], { backend })];
    const [a, b] = [leavesOf(await plain(params, x)), leavesOf(await fast(params, x))];
    a.forEach(({ path, tensor: y }, i) => expect(numbers(b[i]!.tensor), path).toEqual(numbers(y)));
    const reading = await stream(layer, params, { batch, backend });
    const whole = layer.apply(params, x).output;
    const now = (t: number) => tensor(numbers(steps(x, t, t + 1)), [batch, input]);
    const differences: number[] = [];
    for (let t = 0; t < time; t++) {
      const expected = numbers(steps(whole, t, t + 1));
      numbers(await reading.step(now(t))).forEach((y, i) => differences.push(Math.abs(y - expected[i]!)));
    }
    expect(Math.max(...differences)).toBeLessThan(1e-6);
    expect(numbers((await reading.state()).count)).toEqual(new Array(6).fill(7 + time));
    await reading.reset();
    expect(numbers((await reading.state()).count)).toEqual(new Array(6).fill(7));
    await reading.dispose();
    await backend.close();
  });

  test("errors name what does not fit", () => {
    const made = (spec: object) =>
      Reflect.apply(defineCell, undefined, [
        {
          name: "mine",
          params: () => ({ h0: parameter([3]) }),
          state: () => ({ h: spec }),
          step: (_: object, { h }: { h: Tensor }) => ({ state: { h }, output: "h" }),
        },
      ]);
    const sizes = { input: 1, hidden: 3 };
    expect(() => made({ shape: [3], initial: "h1" })(sizes)).toThrow(
      "mine: state h begins as the parameter h1, but the parameters are h0",
    );
    expect(() => made({ shape: [2], initial: "h0" })(sizes)).toThrow(
      "mine: state h, f32 [2], begins as the parameter h0, which is f32 [3]; their shapes and dtypes must match",
    );
    expect(() => made({ shape: [3], dtype: "i64" })(sizes)).toThrow(
      'mine: state h has the dtype "i64", expected f32, i32 or bool',
    );
    expect(() => made({ shape: [3], start: 1 })(sizes)).toThrow("unknown option start");
    expect(() => zoneout(cell, { count: 0.5 })).toThrow("state count is i32, but zoneout needs a float state");
  });
});

/** Puts out its step index, and counts it in. */
const counting = defineCell({
  name: "counting",
  stepIndex: true,
  params: () => ({}),
  state: ({ hidden: m }) => ({ h: [m] }),
  step: (_, { h }, given, { stepIndex }) => ({
    state: { h: add(h, mul(sliceAxis(given, 1, 0, 1), 0)) },
    output: reshape(convert(stepIndex, given.dtype), [given.shape[0]!, 1]),
  }),
});

describe("the step index", () => {
  const layer = sequence(counting({ input, hidden: 1 }));
  const index = (options: object, from = x): number[] => numbers(layer.apply({}, from, options).output);

  test("counts from 0 the steps that a row has taken: masked steps and those beyond the length do not count", () => {
    expect(index({})).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
    const mask = flags([
      [1, 0, 0, 1, 1],
      [0, 1, 1, 1, 1],
      [1, 1, 1, 1, 1],
    ]);
    expect(index({ mask, lengths: [5, 5, 2] })).toEqual([0, 0, 0, 1, 2, 0, 0, 1, 2, 3, 0, 1, 0, 0, 0]);
    expect(numbers(layer.apply({}, x, { mask, lengths: [5, 5, 2] }).state.stepIndex)).toEqual([3, 4, 2]);
  });

  test("a reset starts it anew; backwards it begins at the row's last step", () => {
    const resets = flags([
      [0, 0, 1, 0, 0],
      [0, 1, 0, 0, 1],
      [1, 0, 0, 0, 0],
    ]);
    expect(index({ resets })).toEqual([0, 1, 0, 1, 2, 0, 0, 1, 2, 0, 0, 1, 2, 3, 4]);
    const backwards = sequence(counting({ input, hidden: 1 }), { reverse: true });
    expect(numbers(backwards.apply({}, x, { lengths: [5, 3, 1] }).output)).toEqual([
      4, 3, 2, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
  });

  test("goes on in carried states, windows and streams", async () => {
    const { carry } = layer.apply({}, x, { carryAfter: 2 });
    expect(index({ state: carry }, steps(x, 2, 5))).toEqual([2, 3, 4, 2, 3, 4, 2, 3, 4]);
    const reading = await stream(layer, {}, { batch: 1 });
    const now = tensor([0, 0], [1, 2]);
    expect(numbers(await reading.step(now))).toEqual([0]);
    expect(numbers(await reading.step(now))).toEqual([1]);
    await reading.reset();
    expect(numbers(await reading.step(now))).toEqual([0]);
    await reading.dispose();
  });

  test("costs nothing where it is not asked for: a cell without it has no such state", () => {
    expect(Object.keys(sequence(lstm({ input, hidden })).initialState(1))).toEqual(["h", "c"]);
  });
});

test("a modifier sees the weights of every product, and may give others", () => {
  const halved = <C extends ReturnType<typeof gru>>(c: C): C => ({
    ...c,
    step: (...[p, s, now, context]: Parameters<C["step"]>) =>
      c.step(
        p,
        s,
        now,
        context && { ...context, product: (made) => context.product({ ...made, W: mul(made.W, 0.5) }) },
      ),
  });
  const cell = gru({ input, hidden });
  const params = cell.init(root);
  const half = { ...params, W: mul(params.W, 0.5), U: mul(params.U, 0.5) };
  const difference = sub(sequence(halved(cell)).apply(params, x).output, sequence(cell).apply(half, x).output);
  expect(numbers(sum(square(difference)))).toEqual([0]);
});
