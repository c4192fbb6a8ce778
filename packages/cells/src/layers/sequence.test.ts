import {
  add,
  concat,
  grad,
  key,
  keyFor,
  mapTree,
  matmul,
  mul,
  normal,
  reshape,
  slice,
  sum,
  take,
  tensor,
  tanh,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { describe, expect, test } from "vitest";
import { kernel, recurrentKernel } from "@sluice/params";
import {
  bidirectional,
  defineCell,
  dense,
  gru,
  lstm,
  outputOf,
  probe,
  rnn,
  sequence,
  sequential,
  zoneout,
  type Cell,
} from "../index.ts";

const [batch, time, input, hidden] = [3, 5, 2, 4];
const root = key(7);
const x = normal(keyFor(root, "x"), [batch, time, input]);
const row = (y: Tensor, b: number): Tensor =>
  slice(y, [b, ...y.shape.slice(1).map(() => 0)], [b + 1, ...y.shape.slice(1)]);
const steps = (y: Tensor, from: number, to: number): Tensor => slice(y, [0, from, 0], [y.shape[0]!, to, y.shape[2]!]);
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const flags = (rows: readonly (readonly number[])[]): Tensor =>
  tensor(rows.flat(), [rows.length, rows[0]!.length], { dtype: "bool" });
const reversed = (y: Tensor): Tensor =>
  concat(
    Array.from({ length: y.shape[1]! }, (_, t) => steps(y, y.shape[1]! - 1 - t, y.shape[1]! - t)),
    1,
  );

/** Its output is none of its states: the case that a layer must not confuse. */
const projected = defineCell({
  name: "projected",
  params: ({ input, hidden }) => ({
    W: kernel([input, hidden]),
    U: recurrentKernel([hidden, hidden]),
    V: kernel([hidden, 2]),
  }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, V }, { h }, x) {
    const next = tanh(add(matmul(x, W), matmul(h, U)));
    return { state: { h: next }, output: matmul(next, V) };
  },
});

const cells = { rnn: rnn({ input, hidden }), gru: gru({ input, hidden }), projected: projected({ input, hidden }) };

type Common = Cell<{ readonly W: Tensor; readonly U: Tensor }, { readonly h: Tensor }>;

describe.each(Object.entries<Common>(cells))("%s", (_, cell) => {
  const all = sequence(cell);
  const last = sequence(cell, { outputs: "last" });
  const params = all.init(keyFor(root, "init"));

  test("outputs are the steps' outputs, one after the other", () => {
    let state = all.initialState(batch);
    const outputs: number[][] = [];
    for (let t = 0; t < time; t++) {
      const next = cell.step(params, state, take(x, t, 1));
      state = next.state;
      outputs.push(numbers(outputOf(next)));
    }
    const applied = all.apply(params, x);
    expect(applied.output.shape).toEqual(all.outputShape({ batch, time }));
    outputs.forEach((expected, t) => expect(numbers(take(applied.output, t, 1))).toEqual(expected));
    expect(numbers(applied.state.h)).toEqual(numbers(state.h));
    expect(numbers(last.apply(params, x).output)).toEqual(outputs.at(-1));
    expect(last.outputShape({ batch, time })).toEqual(last.apply(params, x).output.shape);
  });

  test.each([false, true])("with lengths each row is as if it were alone (reverse: %s)", (reverse) => {
    const lengths = [5, 2, 0];
    const ragged = sequence(cell, { reverse }).apply(params, x, { lengths });
    const ends = sequence(cell, { reverse, outputs: "last" }).apply(params, x, { lengths });
    lengths.forEach((length, b) => {
      const alone = sequence(cell, { reverse }).apply(params, steps(row(x, b), 0, length));
      expect(numbers(steps(row(ragged.output, b), 0, length))).toEqual(numbers(alone.output));
      expect(numbers(steps(row(ragged.output, b), length, time)).every((y) => y === 0)).toBe(true);
      expect(numbers(row(ragged.state.h, b))).toEqual(numbers(alone.state.h));
      const end = sequence(cell, { reverse, outputs: "last" }).apply(params, steps(row(x, b), 0, length));
      expect(numbers(row(ends.output, b))).toEqual(numbers(end.output));
    });
  });

  test("a row without steps has zeros for its last output, and keeps its state", () => {
    const state = mapTree(all.initialState(batch), (s) => add(s, 0.5));
    const { output, state: final } = last.apply(params, x, { lengths: [0, 1, 0], state });
    expect(numbers(row(output, 0)).every((y) => y === 0)).toBe(true);
    expect(numbers(row(final.h, 2))).toEqual(numbers(row(state.h, 2)));
  });

  test("a mask skips steps anywhere", () => {
    const mask = flags([
      [1, 0, 1, 1, 0],
      [0, 0, 0, 0, 0],
      [0, 1, 1, 1, 1],
    ]);
    const masked = all.apply(params, x, { mask });
    const ends = last.apply(params, x, { mask });
    const kept = [[0, 2, 3], [], [1, 2, 3, 4]];
    kept.forEach((at, b) => {
      const alone =
        at.length === 0
          ? undefined
          : all.apply(
              params,
              concat(
                at.map((t) => steps(row(x, b), t, t + 1)),
                1,
              ),
            );
      for (let t = 0; t < time; t++) {
        const expected = at.includes(t)
          ? numbers(steps(alone!.output, at.indexOf(t), at.indexOf(t) + 1))
          : numbers(steps(row(masked.output, b), t, t + 1)).map(() => 0);
        expect(numbers(steps(row(masked.output, b), t, t + 1))).toEqual(expected);
      }
      expect(numbers(row(ends.output, b))).toEqual(
        alone === undefined
          ? numbers(row(ends.output, b)).map(() => 0)
          : numbers(steps(alone.output, at.length - 1, at.length)),
      );
      if (alone !== undefined) expect(numbers(row(masked.state.h, b))).toEqual(numbers(alone.state.h));
    });
  });

  test.each([false, true])("resets separate sequences within a row (reverse: %s)", (reverse) => {
    const layer = sequence(cell, { reverse });
    const resets = flags([
      [0, 0, 1, 0, 0],
      [1, 0, 1, 0, 0],
      [0, 0, 1, 0, 0],
    ]);
    const { output } = layer.apply(params, x, { resets });
    expect(numbers(steps(output, 0, 2))).toEqual(numbers(layer.apply(params, steps(x, 0, 2)).output));
    expect(numbers(steps(output, 2, 5))).toEqual(numbers(layer.apply(params, steps(x, 2, 5)).output));
  });

  test("a reset goes back to zeros, not to the state that was carried in, unless told so", () => {
    const state = mapTree(all.initialState(batch), (s) => add(s, 0.5));
    const resets = flags([
      [0, 1, 0, 0, 0],
      [0, 1, 0, 0, 0],
      [0, 1, 0, 0, 0],
    ]);
    const fresh = all.apply(params, steps(x, 1, 5)).output;
    expect(numbers(steps(all.apply(params, x, { state, resets }).output, 1, 5))).toEqual(numbers(fresh));
    const learned = all.apply(params, steps(x, 1, 5), { state }).output;
    expect(numbers(steps(all.apply(params, x, { resets, resetState: state }).output, 1, 5))).toEqual(numbers(learned));
  });

  test("the final state goes on where the first part ended", () => {
    const first = all.apply(params, steps(x, 0, 2));
    const second = all.apply(params, steps(x, 2, 5), { state: first.state });
    expect(numbers(concat([first.output, second.output], 1))).toEqual(numbers(all.apply(params, x).output));
  });

  test("backwards is forwards over the reversed input", () => {
    const backwards = sequence(cell, { reverse: true }).apply(params, x);
    expect(numbers(backwards.output)).toEqual(numbers(reversed(all.apply(params, reversed(x)).output)));
  });

  test("an empty batch and no steps are defined", () => {
    const none = all.apply(params, tensor([], [0, time, input]));
    expect(none.output.shape).toEqual([0, time, all.features]);
    expect(last.apply(params, tensor([], [0, time, input])).output.shape).toEqual([0, all.features]);
    const state = mapTree(all.initialState(batch), (s) => add(s, 0.5));
    const still = all.apply(params, tensor([], [batch, 0, input]), { state, lengths: [0, 0, 0] });
    expect(still.output.shape).toEqual([batch, 0, all.features]);
    expect(numbers(still.state.h)).toEqual(numbers(state.h));
    expect(numbers(last.apply(params, tensor([], [batch, 0, input]), { state }).output)).toEqual(
      new Array(batch * all.features).fill(0),
    );
    const gradients = grad((p: typeof params) => sum(all.apply(p, tensor([], [batch, 0, input])).output))(params);
    expect(numbers(gradients.W).every((g) => g === 0)).toBe(true);
  });

  test("perturbations change nothing, and their gradient is dL/dh_t", () => {
    const zeros = all.perturbations({ batch, time });
    expect(zeros.h.shape).toEqual([batch, time, hidden]);
    expect(numbers(all.apply(params, x, { perturbations: zeros }).output)).toEqual(
      numbers(all.apply(params, x).output),
    );
    const loss = (p: typeof zeros): Tensor => sum(last.apply(params, x, { perturbations: p }).state.h);
    const { h } = grad(loss)(zeros);
    // The last state is the loss's own; at the step before, it is the gradient with respect to the state that the last
    // step starts from.
    expect(numbers(take(h, time - 1, 1))).toEqual(new Array(batch * hidden).fill(1));
    const before = all.apply(params, steps(x, 0, time - 1)).state;
    const one = grad((state: typeof before) => sum(all.apply(params, steps(x, time - 1, time), { state }).state.h))(
      before,
    );
    numbers(take(h, time - 2, 1)).forEach((g, i) => expect(g).toBeCloseTo(numbers(one.h)[i]!, 6));
  });
});

test("the gradient of a perturbation of the output's state counts the output too", () => {
  const layer = sequence(cells.gru);
  const params = layer.init(root);
  const { h } = grad((p: ReturnType<typeof layer.perturbations>) =>
    sum(take(layer.apply(params, x, { perturbations: p }).output, 2, 1)),
  )(layer.perturbations({ batch, time }));
  expect(numbers(take(h, 2, 1))).toEqual(new Array(batch * hidden).fill(1));
  expect(numbers(take(h, 3, 1))).toEqual(new Array(batch * hidden).fill(0));
});

test("traces are the gates of every step", () => {
  const cell = lstm({ input, hidden });
  const layer = sequence(cell);
  const params = layer.init(root);
  const { traces } = layer.apply(params, x, { traces: true, lengths: [5, 5, 2] });
  expect(Object.keys(traces)).toEqual(["input", "forget", "candidate", "output"]);
  expect(traces["forget"]!.shape).toEqual([batch, time, hidden]);
  expect(numbers(steps(row(traces["forget"]!, 2), 2, 5)).every((f) => f === 0)).toBe(true);
  expect(Object.keys(layer.apply(params, x, { traces: ["forget"] }).traces)).toEqual(["forget"]);
  expect(Object.keys(layer.apply(params, x).traces)).toEqual([]);
  const { output, state } = layer.apply(params, x, { traces: true });
  // h = o tanh(c)
  const o = layer.apply(params, x, { traces: true }).traces["output"]!;
  expect(numbers(mul(take(o, time - 1, 1), tanh(state.c)))).toEqual(numbers(take(output, time - 1, 1)));
});

test("in layers of layers, traces and states are found by the path", () => {
  const model = sequential([
    bidirectional(gru({ input, hidden })),
    sequence(lstm({ input: 2 * hidden, hidden }), { outputs: "last" }),
    dense({ input: hidden, output: 2 }),
  ]);
  const params = model.init(root);
  const { output, state, traces } = model.apply(params, x, { traces: ["0.backward.reset", "1.forget"] });
  expect(output.shape).toEqual([batch, 2]);
  expect(model.outputShape({ batch, time })).toEqual([batch, 2]);
  expect(Object.keys(traces)).toEqual(["0.backward.reset", "1.forget"]);
  expect(state[0].backward.h.shape).toEqual([batch, hidden]);
  expect(state[1].c.shape).toEqual([batch, hidden]);
  const again = model.apply(params, x, { state });
  expect(numbers(again.output)).not.toEqual(numbers(output));
  const perturbed = grad((p: Tensor) => sum(model.apply(params, x, { perturbations: [undefined, { h: p }] }).output))(
    tensor(new Float32Array(batch * time * hidden), [batch, time, hidden]),
  );
  expect(numbers(perturbed).some((g) => g !== 0)).toBe(true);
});

test("a stack carries the states of its layers, and a readout that sees no time is left alone", () => {
  const model = sequential([
    sequence(lstm({ input, hidden })),
    sequence(gru({ input: hidden, hidden }), { outputs: "last" }),
    dense({ input: hidden, output: 2 }),
  ]);
  const params = model.init(root);
  const { output, carry } = model.apply(params, x, { carryAfter: 2 });
  expect(numbers(output)).toEqual(numbers(model.apply(params, x).output));
  expect(carry).toEqual(model.apply(params, steps(x, 0, 2)).state);
});

test("both directions: each merge, and the last outputs of both", () => {
  const cell = gru({ input, hidden });
  const both = bidirectional(cell);
  const params = both.init(root);
  const forward = numbers(sequence(cell).apply(params.forward, x, { lengths: [5, 3, 1] }).output);
  const backward = numbers(sequence(cell, { reverse: true }).apply(params.backward, x, { lengths: [5, 3, 1] }).output);
  const merged = (merge: "sum" | "mean" | "product"): number[] =>
    numbers(bidirectional(cell, { merge }).apply(params, x, { lengths: [5, 3, 1] }).output);
  expect(merged("sum")).toEqual(forward.map((y, i) => Math.fround(y + backward[i]!)));
  expect(merged("mean")).toEqual(forward.map((y, i) => Math.fround(Math.fround(y + backward[i]!) / 2)));
  expect(merged("product")).toEqual(forward.map((y, i) => Math.fround(y * backward[i]!)));
  const { output } = both.apply(params, x, { lengths: [5, 3, 1] });
  expect(output.shape).toEqual([batch, time, 2 * hidden]);
  expect(numbers(slice(output, [0, 0, hidden], [batch, time, 2 * hidden]))).toEqual(backward);
  const last = bidirectional(cell, { outputs: "last" }).apply(params, x, { lengths: [5, 3, 1] }).output;
  expect(numbers(slice(last, [0, hidden], [batch, 2 * hidden]))).toEqual(
    numbers(slice(reshape(take(output, 0, 1), [batch, 2 * hidden]), [0, hidden], [batch, 2 * hidden])),
  );
});

describe("bad input is named", () => {
  const layer = sequence(cells.gru);
  const params = layer.init(root);
  const given = (options: object): object => options;
  test.each<[string, () => unknown, string]>([
    [
      "features",
      () => layer.apply(params, tensor([], [0, 1, 3])),
      "gru: expected an input [batch, time, 2], got [0, 1, 3]",
    ],
    [
      "no time",
      () => layer.apply(params, tensor([], [0, 2])),
      'a layer before it with outputs: "last" leaves no time axis',
    ],
    [
      "lengths",
      () => layer.apply(params, x, { lengths: [1, 2, 6] }),
      "gru: lengths must be integers from 0 to 5, the number of steps, got 1, 2, 6",
    ],
    [
      "lengths' rows",
      () => layer.apply(params, x, { lengths: [1, 2] }),
      "gru: lengths must be i32 [3], one for each row, got i32 [2]",
    ],
    [
      "mask",
      () => layer.apply(params, x, { mask: tensor([1, 1, 1]) }),
      "gru: mask must be bool [3,5] (batch, time), got f32 [3]",
    ],
    [
      "state",
      () => layer.apply(params, x, { state: { h: tensor([0]) } }),
      "gru: state h must be f32 [3,4], got f32 [1]",
    ],
    [
      "unknown option",
      () => layer.apply(params, x, given({ lenghts: [1] })),
      "gru.apply: unknown option lenghts; did you mean lengths?",
    ],
    ["trace", () => layer.apply(params, x, { traces: ["rest"] }), "gru: no trace rest; did you mean reset?"],
    ["key", () => layer.init(1 as never), "init: the key is 1, expected a key, i32 [2]; make one: key(1)"],
    [
      "no key, of a stack",
      () => sequential([layer]).init(undefined as never),
      "init: the key is undefined, expected a key, i32 [2]; make one: key(seed)",
    ],
    [
      "key of dropout",
      () => layer.apply(params, x, { training: true, key: 3 as never }),
      "gru.apply: the key is 3, expected a key, i32 [2]; make one: key(3)",
    ],
    ["perturbation", () => layer.apply(params, x, { perturbations: { c: x } }), "gru: perturbations has c; known: h"],
    [
      "outputs",
      () => sequence(cells.gru, given({ outputs: "lats" })),
      "sequence: unknown outputs lats; did you mean last?",
    ],
    [
      "option of sequence",
      () => sequence(cells.gru, given({ return_sequences: true })),
      "sequence: unknown option return_sequences; did you mean outputs?",
    ],
    [
      "sizes of a stack",
      () => sequential([layer, dense({ input: 5, output: 1 })]),
      "sequential: layer 1 (dense) takes 5 features, but layer 0 (gru) gives 4",
    ],
    ["an empty stack", () => sequential([]), "sequential: expected at least one layer"],
    [
      "time in a stack",
      () => sequential([sequence(cells.gru, { outputs: "last" }), sequence(gru({ input: hidden, hidden }))]),
      "its input has no time axis",
    ],
    [
      "place in a stack",
      () => sequential([layer, dense({ input: 4, output: 1 })]).apply([params, { W: x }], x),
      "sequential: the parameters do not fit: 1.W is [3,5,2], expected [4,1]; no 1.b, expected [1]",
    ],
    [
      "perturbations of a stack",
      () => sequential([layer]).apply([params], x, { perturbations: { h: x } }),
      "sequential: perturbations has h, but the layers are 0",
    ],
    ["merge", () => bidirectional(cells.gru, given({ merge: "ave" })), "bidirectional: unknown merge ave"],
    [
      "no steps before the carry",
      () => layer.apply(params, x, { carryAfter: 0 }),
      "gru: carryAfter must be an integer from 1 to 5, the number of steps, got 0",
    ],
    [
      "a carry from backwards",
      () => sequence(cells.gru, { reverse: true }).apply(params, x, { carryAfter: 2 }),
      "gru: carryAfter needs a layer that runs forwards, and this one runs backwards",
    ],
    [
      "a carry from both directions",
      () => bidirectional(cells.gru).apply({ forward: params, backward: params }, x, { carryAfter: 2 }),
      "bidirectional: carryAfter needs a layer",
    ],
    [
      "option of the initial state",
      () => layer.initialState(1, given({ type: "f64" })),
      "gru.initialState: unknown option type; did you mean dtype?",
    ],
    [
      "option of perturbations",
      () => layer.perturbations({ batch: 1, time: 1 }, given({ type: "f64" })),
      "gru.perturbations: unknown option type; did you mean dtype?",
    ],
    [
      "option of init",
      () => layer.init(root, given({ type: "f64" })),
      "init: unknown option type; did you mean dtype?",
    ],
    ["option of probe", () => probe(cells.gru, given({ train: true })), "probe: unknown option train; known: training"],
    [
      "no key",
      () => sequence(zoneout(cells.gru, { h: 0.1 })).apply(params, x, { training: true }),
      "needs a key; pass { training: true, key: key(seed) }",
    ],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(message);
  });
});
