import type { Tensor } from "@sluice/tensor";
import { key, tensor } from "@sluice/tensor";
import { expectTypeOf, test } from "vitest";
import { bias, kernel } from "@sluice/params";
import {
  bidirectional,
  defineCell,
  dense,
  gru,
  lstm,
  sequence,
  sequential,
  variationalDropout,
  zoneout,
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
