import type { Tensor, Tree } from "@sluice/tensor";
import { add, key, tensor } from "@sluice/tensor";
import { expectTypeOf, test } from "vitest";
import { bias, kernel, reparametrized, weightNorm } from "@sluice/params";
import {
  bidirectional,
  defineCell,
  dense,
  gru,
  lstm,
  reparametrize,
  sequence,
  sequential,
  variationalDropout,
  zoneout,
  type CellSizes,
  type Layer,
  type NamedSpecs,
  type State,
  type States,
} from "./index.ts";

const mine = defineCell({
  name: "mine",
  options: { beta: 1, kind: "a" as "a" | "b" },
  extra: () => ({ delta: [1] }),
  params: ({ input, hidden }) => ({ W: kernel([input, hidden]), b: bias([hidden]) }),
  state: ({ hidden }) => ({ h: [hidden], m: [hidden] }),
  step({ W, b }, { h, m }, x, { norm, trace, beta, kind, extra }) {
    expectTypeOf(W).toEqualTypeOf<Tensor>();
    expectTypeOf(beta).toEqualTypeOf<number>();
    expectTypeOf(kind).toEqualTypeOf<"a" | "b">();
    expectTypeOf(extra.delta).toEqualTypeOf<Tensor>();
    const next = trace("next", norm("gates", [x, b]));
    return { state: { h: next, m }, output: h };
  },
});
const root = key(1);
const x = tensor([0], [1, 1, 1]);

test("the names of parameters and states are known", () => {
  const cell = mine({ input: 1, hidden: 1, beta: 2, kind: "b" });
  expectTypeOf(cell.init(root)).toEqualTypeOf<{ readonly W: Tensor; readonly b: Tensor }>();
  expectTypeOf(sequence(cell).apply(cell.init(root), x).state).toEqualTypeOf<{
    readonly h: Tensor;
    readonly m: Tensor;
  }>();
  expectTypeOf(lstm({ input: 1, hidden: 1 }).init(root)).toHaveProperty("U");
  expectTypeOf(sequence(lstm({ input: 1, hidden: 1 })).initialState(1)).toEqualTypeOf<{
    readonly h: Tensor;
    readonly c: Tensor;
  }>();
});

test("modifiers keep them, and take the states' names", () => {
  const cell = lstm({ input: 1, hidden: 1 });
  const modified = zoneout(variationalDropout(cell, { input: 0.1 }), { c: 0.1 });
  expectTypeOf(modified).toEqualTypeOf(cell);
  // @ts-expect-error an LSTM has no state m
  zoneout(cell, { m: 0.1 });
});

test("layers of layers keep them by their place", () => {
  const model = sequential([
    bidirectional(gru({ input: 1, hidden: 1 })),
    sequence(lstm({ input: 2, hidden: 1 })),
    dense({ input: 1, output: 1 }),
  ]);
  const params = model.init(root);
  expectTypeOf(params[0].backward.W).toEqualTypeOf<Tensor>();
  expectTypeOf(params[2].W).toEqualTypeOf<Tensor>();
  expectTypeOf(model.initialState(1)[1].c).toEqualTypeOf<Tensor>();
  // @ts-expect-error there is no fourth layer
  void params[3];
  // @ts-expect-error a GRU has no state c
  void model.initialState(1)[0].forward.c;
});

test("options of the wrong type and states that are lost are errors", () => {
  // @ts-expect-error beta is a number
  mine({ input: 1, hidden: 1, beta: "2" });
  // @ts-expect-error there is no option gamma
  mine({ input: 1, hidden: 1, gamma: 2 });
  defineCell({
    name: "lost",
    params: () => ({ W: kernel([1, 1]) }),
    state: () => ({ h: [1], c: [1] }),
    // @ts-expect-error the state c is not returned
    step: (_, { h }) => ({ state: { h }, output: h }),
  });
});

const outer = defineCell({
  name: "outer",
  stepIndex: true,
  extra: () => ({ token: { shape: [], dtype: "i32" } }),
  cells: ({ input, hidden }) => ({ inner: lstm({ input, hidden }) }),
  params: ({ hidden }) => ({ mlp: [{ W: kernel([hidden, 2]) }, { b: bias([2]) }] as const, h0: bias([hidden]) }),
  state: ({ hidden }) => ({ h: { shape: [hidden], initial: "h0" }, n: { shape: [], dtype: "i32" } }),
  step({ mlp, inner }, { h, n }, x, { cells, stepIndex, extra, input, recurrent }) {
    expectTypeOf(mlp[0].W).toEqualTypeOf<Tensor>();
    expectTypeOf(inner.W).toEqualTypeOf<Tensor>();
    expectTypeOf(stepIndex).toEqualTypeOf<Tensor>();
    expectTypeOf(extra.token).toEqualTypeOf<Tensor>();
    expectTypeOf(recurrent("h", h, input("x", x, mlp[0].W))).toEqualTypeOf<Tensor>();
    const next = cells.inner(x);
    expectTypeOf(next.state.c).toEqualTypeOf<Tensor>();
    // @ts-expect-error there is no inner cell other
    void cells.other;
    return { state: { h, n, inner: next.state }, output: "inner.h" };
  },
});

test("nested parameters, inner cells and the step index are known by name", () => {
  const cell = outer({ input: 1, hidden: 1 });
  const params = cell.init(root);
  expectTypeOf(params.mlp[1].b).toEqualTypeOf<Tensor>();
  expectTypeOf(params.inner.U).toEqualTypeOf<Tensor>();
  const { state } = sequence(cell).apply(params, x);
  expectTypeOf(state.inner.c).toEqualTypeOf<Tensor>();
  expectTypeOf(state.stepIndex).toEqualTypeOf<Tensor>();
  zoneout(cell, { h: 0.1, inner: { c: 0.2 } });
  // @ts-expect-error the inner LSTM has no state m
  zoneout(cell, { inner: { m: 0.2 } });
});

test("an inner state that is lost is an error", () => {
  defineCell({
    name: "lost",
    cells: ({ input, hidden }) => ({ inner: gru({ input, hidden }) }),
    params: () => ({}),
    state: () => ({ h: [1] }),
    // @ts-expect-error the state of inner is not returned
    step: (_, { h }) => ({ state: { h }, output: "h" }),
  });
  defineCell({
    name: "uncounted",
    params: () => ({}),
    state: () => ({ h: [1] }),
    // @ts-expect-error the step index is not asked for
    step: (_, __, ___, { stepIndex }) => ({ state: { h: stepIndex }, output: "h" }),
  });
});

test("a reparametrized weight is a tensor to the step, and a tree in the parameters", () => {
  const orthogonalRnn = defineCell({
    name: "orthogonalRnn",
    params: ({ hidden }) => ({ U: reparametrized(kernel([hidden, hidden]), weightNorm()), b: bias([hidden]) }),
    state: ({ hidden }) => ({ h: [hidden] }),
    step({ U, b }, { h }, _, { recurrent }) {
      expectTypeOf(U).toEqualTypeOf<Tensor>();
      return { state: { h: add(recurrent("h", h, U), b) }, output: "h" };
    },
  });
  const params = orthogonalRnn({ input: 1, hidden: 1 }).init(root);
  expectTypeOf(params.U).toEqualTypeOf<Tree>();
  expectTypeOf(params.b).toEqualTypeOf<Tensor>();
  const cell = reparametrize(lstm({ input: 1, hidden: 1 }), { recurrent: weightNorm() });
  expectTypeOf(cell.init(root)).toEqualTypeOf<Tree>();
  expectTypeOf(sequence(cell).apply(cell.init(root), x).state.c).toEqualTypeOf<Tensor>();
  expectTypeOf(reparametrize(sequence(lstm({ input: 1, hidden: 1 })), { recurrent: weightNorm() })).toExtend<Layer>();
});

test("a definition may be spread from parts whose names are not known", () => {
  const parts: {
    readonly name: string;
    readonly params: (sizes: CellSizes) => NamedSpecs;
    readonly state: (sizes: CellSizes) => States;
  } = {
    name: "loose",
    params: ({ input, hidden }) => ({ W: kernel([input, hidden]) }),
    state: ({ hidden }) => ({ h: [hidden] }),
  };
  const loose = defineCell({ ...parts, step: (_, state) => ({ state, output: "h" }) });
  const cell = loose({ input: 1, hidden: 1 });
  expectTypeOf(cell.init(root)).toExtend<Tree>();
  expectTypeOf(sequence(cell).apply(cell.init(root), x).state).toExtend<State>();
});
