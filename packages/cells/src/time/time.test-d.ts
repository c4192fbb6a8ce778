import { key, type Tensor } from "@sluice/tensor";
import { expectTypeOf, test } from "vitest";
import { gruD, hiddenDecay, lstm, sequence } from "../index.ts";

test("the names of parameters and states are known", () => {
  const cell = gruD({ input: 1, hidden: 2, means: [0] });
  expectTypeOf(cell.init(key(1)).wx).toEqualTypeOf<Tensor>();
  expectTypeOf(sequence(cell).initialState(1)).toEqualTypeOf<{ readonly h: Tensor; readonly last: Tensor }>();
  // @ts-expect-error means are numbers
  gruD({ input: 1, hidden: 2, means: "0" });
});

test("a decaying cell has its cell's parameters and a decay for each state", () => {
  const params = hiddenDecay(lstm({ input: 1, hidden: 2 })).init(key(1));
  expectTypeOf(params.W).toEqualTypeOf<Tensor>();
  expectTypeOf(params.decay.c.b).toEqualTypeOf<Tensor>();
  // @ts-expect-error an LSTM has no state m
  void params.decay.m;
});
