import {
  add,
  bernoulli,
  concat,
  convert,
  exp,
  key,
  matmul,
  mul,
  neg,
  normal,
  reference,
  reshape,
  sliceAxis,
  tensor,
  uniform,
  type ArrayTensor,
  type Backend,
  type Tensor,
} from "@sluice/tensor";
import { isArray } from "@sluice/tensor/internal";
import { wasm } from "@sluice/wasm";
import { describe, expect, test } from "vitest";
import { gru } from "../gated/gru.ts";
import { lstm } from "../gated/lstm.ts";
import { defineCell } from "../definition/define-cell.ts";
import { kernel } from "@sluice/params";
import { bidirectional } from "./bidirectional.ts";
import { dense } from "./dense.ts";
import { sequence } from "./sequence.ts";
import { sequential } from "./sequential.ts";
import { stream } from "./stream.ts";

const model = sequential([
  sequence(gru({ input: 3, hidden: 5 })),
  sequence(lstm({ input: 5, hidden: 4 })),
  dense({ input: 4, output: 2 }),
]);
const params = model.init(key(1));
const x = normal(key(2), [2, 6, 3]);
const array = (value: Tensor) => {
  if (!isArray(value)) throw new Error("expected values");
  return value;
};
const at = (value: Tensor, t: number) => array(reshape(sliceAxis(value, 1, t, t + 1), [2, value.shape[2]!]));

describe.each([
  ["reference", reference],
  ["wasm", wasm],
] as const)("on %s", (_, make) => {
  test("step by step it gives the whole sequence's outputs, bit for bit, and goes on from a state", async () => {
    const backend = make();
    const reading = await stream(model, params, { batch: 2, backend });
    const whole = model.apply(params, x).output;
    let middle;
    for (let t = 0; t < 6; t++) {
      expect(await reading.step(at(x, t))).toEqual(at(whole, t));
      if (t === 2) middle = await reading.state();
    }
    await reading.setState(middle!);
    expect(await reading.step(at(x, 3))).toEqual(at(whole, 3));
    await reading.reset();
    expect(await reading.step(at(x, 0))).toEqual(at(whole, 0));
    await reading.dispose();
    await backend.close();
  });
});

/** Decays with the time between steps, and adds what was observed. */
const decaying = defineCell({
  name: "decaying",
  extra: ({ input }) => ({ delta: [1], seen: { shape: [input], dtype: "bool" } }),
  params: ({ input, hidden }) => ({ W: kernel([input, hidden]) }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W }, { h }, given, { extra: { delta, seen } }) {
    const next = add(mul(h, exp(neg(delta))), matmul(mul(given, convert(seen, given.dtype)), W));
    return { state: { h: next }, output: "h" };
  },
});

describe.each([
  ["reference", reference],
  ["wasm", wasm],
] as const)("extra inputs on %s", (_, make) => {
  test("are read step by step: the whole sequence's outputs, bit for bit", async () => {
    const backend = make();
    const layer = sequential([sequence(decaying({ input: 3, hidden: 4 })), dense({ input: 4, output: 2 })]);
    const weights = layer.init(key(1));
    const delta = uniform(key(3), [2, 6, 1]);
    const seen = bernoulli(key(4), [2, 6, 3], 0.5);
    const whole = layer.apply(weights, x, { extra: { delta, seen } }).output;
    const reading = await stream(layer, weights, { batch: 2, backend });
    for (let t = 0; t < 6; t++)
      expect(await reading.step(at(x, t), { extra: { delta: at(delta, t), seen: at(seen, t) } })).toEqual(at(whole, t));
    await expect(reading.step(at(x, 0), { extra: { delta: at(delta, 0) } })).rejects.toThrow(
      "stream.step: the inputs do not fit: no extra.seen, expected [2,3]",
    );
    await expect(reading.step(at(x, 0))).rejects.toThrow(
      "no extra.delta, expected [2,1]; no extra.seen, expected [2,3]",
    );
    await reading.dispose();
    await backend.close();
  });
});

/** The reference backend, and how often it has compiled. */
function counting(): { backend: Backend; counts: { compiled: number; disposed: number } } {
  const counts = { compiled: 0, disposed: 0 };
  const inner = reference();
  const backend: Backend = {
    ...inner,
    async compile(...given) {
      counts.compiled++;
      const executable = await inner.compile(...given);
      return { ...executable, dispose: () => (counts.disposed++, executable.dispose()) };
    },
  };
  return { backend, counts };
}

describe("forks", () => {
  test("share one program, go on from where they begin, and keep out of each other's way", async () => {
    const { backend, counts } = counting();
    const base = await stream(model, params, { batch: 2, backend });
    const [one, two] = [base.fork(), base.fork()];
    const whole = model.apply(params, x).output;
    for (let t = 0; t < 3; t++) expect(await one.step(at(x, t))).toEqual(at(whole, t));
    expect(await two.step(at(x, 0))).toEqual(at(whole, 0));
    const later = one.fork();
    expect(await one.step(at(x, 3))).toEqual(at(whole, 3));
    expect(await later.step(at(x, 3))).toEqual(at(whole, 3));
    expect(await base.step(at(x, 0))).toEqual(at(whole, 0));
    expect(counts).toEqual({ compiled: 1, disposed: 0 });
    await Promise.all([base.dispose(), one.dispose(), two.dispose()]);
    await base.dispose();
    expect(counts.disposed).toBe(0);
    expect(await later.step(at(x, 4))).toEqual(at(whole, 4));
    await later.dispose();
    expect(counts).toEqual({ compiled: 1, disposed: 1 });
    await expect(later.step(at(x, 0))).rejects.toThrow("stream: already disposed of");
    expect(() => later.fork()).toThrow("stream: already disposed of");
  });

  test("rows go back one by one, and steps need not be awaited before the next", async () => {
    const reading = await stream(model, params, { batch: 2 });
    const rows = (t: readonly [number, number]): ArrayTensor =>
      array(
        concat(
          t.map((step, row) => sliceAxis(at(x, step), 0, row, row + 1)),
          0,
        ),
      );
    const steps = [0, 1, 2].map((t) => reading.step(at(x, t)));
    const reset = reading.reset([1]);
    const [after, again] = [reading.step(rows([3, 0])), reading.step(rows([4, 1]))];
    const whole = model.apply(params, x).output;
    const expected = (t: readonly [number, number]): Tensor =>
      concat(
        t.map((step, row) => sliceAxis(at(whole, step), 0, row, row + 1)),
        0,
      );
    expect(await Promise.all(steps)).toEqual([0, 1, 2].map((t) => at(whole, t)));
    await reset;
    expect(await after).toEqual(expected([3, 0]));
    expect(await again).toEqual(expected([4, 1]));
    await expect(reading.reset([2])).rejects.toThrow("stream.reset: expected rows from 0 to 1, got 2");
  });

  test("a state that is read or set is a copy, and one that does not fit is named", async () => {
    const reading = await stream(model, params, { batch: 2 });
    await reading.step(at(x, 0));
    const state = await reading.state();
    await reading.setState(state);
    array(state[0].h).data.fill(9);
    const whole = model.apply(params, x).output;
    expect(await reading.step(at(x, 1))).toEqual(at(whole, 1));
    await expect(reading.setState(model.initialState(1))).rejects.toThrow(
      "stream.setState: the states do not fit: 0.h is [1,5], expected [2,5]",
    );
  });

  test("a step that fails leaves the state as it was", async () => {
    const { backend } = counting();
    let fail = false;
    const flaky: Backend = {
      ...backend,
      async compile(...given) {
        const executable = await backend.compile(...given);
        return {
          ...executable,
          run: async (inputs) => (fail ? Promise.reject(new Error("lost")) : executable.run(inputs)),
        };
      },
    };
    const reading = await stream(model, params, { batch: 2, backend: flaky });
    const whole = model.apply(params, x).output;
    await reading.step(at(x, 0));
    fail = true;
    await expect(reading.step(at(x, 1))).rejects.toThrow("lost");
    fail = false;
    expect(await reading.step(at(x, 1))).toEqual(at(whole, 1));
  });
});

test("layers that read an extra input in two shapes are refused", () => {
  const wide = defineCell({
    name: "wide",
    extra: () => ({ delta: [2] }),
    params: () => ({}),
    state: () => ({ h: [4] }),
    step: (_, { h }) => ({ state: { h }, output: "h" }),
  });
  expect(() =>
    sequential([sequence(decaying({ input: 3, hidden: 4 })), sequence(wide({ input: 4, hidden: 4 }))]),
  ).toThrow("sequential: its layers read extra delta as [1] and as [2]; rename one");
});

test("what cannot be read step by step is refused", async () => {
  const both = bidirectional(gru({ input: 3, hidden: 2 }));
  await expect(stream(both, both.init(key(1)))).rejects.toThrow("reads backwards, and needs the whole sequence");
  const last = sequence(gru({ input: 3, hidden: 2 }), { outputs: "last" });
  await expect(stream(last, last.init(key(1)))).rejects.toThrow('use outputs: "all"');
  await expect(stream(model, params, { batch: 0 })).rejects.toThrow("expected a batch of at least 1, got 0");
  const reading = await stream(model, params);
  await expect(reading.step(tensor([1, 2], [1, 2]))).rejects.toThrow("expected");
});
