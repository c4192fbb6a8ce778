// Cells with normalizers and modifiers, and cells that use all of a definition, pass what a third party's must. The
// published cells do in the folders of their families.
import { batchNorm, layerNorm, rmsNorm } from "@sluice/norm";
import { bias, kernel, parameter, recurrentKernel, zeros } from "@sluice/params";
import {
  add,
  convert,
  cos,
  exp,
  mapTree,
  matmul,
  mul,
  neg,
  reshape,
  sigmoid,
  sin,
  stopGradient,
  sub,
  sum,
  tanh,
  tensorsOf,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, describe, expect, test } from "vitest";
import {
  complexRecurrence,
  defineAssociativeCell,
  defineCell,
  evaluation,
  gru,
  hiddenDecay,
  lstm,
  minGru,
  rnn,
  variationalDropout,
  zoneout,
  type Cell,
} from "./index.ts";
import { cellSuite, type LawName } from "./testing/index.ts";

const sizes = { input: 2, hidden: 3 };
const epsilon = 0.1;

/** An output that is not a state, a learned initial state, a state that counts, an inner cell, and the step index. */
const everything = defineCell({
  name: "everything",
  stepIndex: true,
  extra: () => ({ delta: [1], seen: { shape: [], dtype: "bool" } }),
  cells: ({ input, hidden }) => ({ inner: gru({ input, hidden, reset: "before" }) }),
  params: ({ input, hidden }) => ({
    W: kernel([input, hidden]),
    U: recurrentKernel([hidden, hidden]),
    out: [{ V: kernel([hidden, 2]), b: bias([2]) }] as const,
    h0: parameter([hidden], { initializer: zeros }),
  }),
  state: ({ hidden }) => ({
    h: { shape: [hidden], initial: "h0" },
    count: { shape: [], dtype: "i32", initial: 2 },
  }),
  step({ W, U, out: [out] }, { h, count }, x, { norm, trace, input, recurrent, cells, extra, stepIndex }) {
    const inner = cells.inner(x);
    const batch = x.shape[0]!;
    const age = mul(reshape(convert(add(stepIndex, count), x.dtype), [batch, 1]), 0.1);
    const seen = reshape(convert(extra.seen, x.dtype), [batch, 1]);
    const gate = trace("gate", sigmoid(add(inner.output, mul(extra.delta, seen))));
    const next = tanh(norm("gates", [input("gates", x, W), recurrent("gates", mul(gate, h), U)]));
    return {
      state: { h: add(mul(gate, next), mul(sub(1, gate), h)), count: add(count, 1), inner: inner.state },
      output: add(matmul(add(next, age), out.V), out.b),
    };
  },
});

/** LRU (Orvieto et al. 2023, arXiv:2303.06349): complex states, and an output that is none of them. */
const linearUnit = defineAssociativeCell({
  name: "linearUnit",
  extra: () => ({ rate: [1] }),
  params: ({ input, hidden }) => ({
    decay: parameter([hidden], { initializer: zeros }),
    angle: parameter([hidden], { initializer: zeros }),
    B: { real: kernel([input, hidden]), imaginary: kernel([input, hidden]) },
    C: { real: kernel([hidden, 2]), imaginary: kernel([hidden, 2]) },
    D: kernel([input, 2]),
  }),
  state: ({ hidden }) => ({ re: [hidden], im: { shape: [hidden], initial: 0.5 } }),
  recurrence: complexRecurrence("re", "im"),
  elements({ decay, angle, B }, x, { input, extra, trace }) {
    const size = exp(neg(mul(exp(decay), extra.rate)));
    const turn = mul(add(angle, 1), extra.rate);
    return {
      aReal: mul(size, cos(turn)),
      aImaginary: mul(size, sin(turn)),
      bReal: trace("input", input("real", x, B.real)),
      bImaginary: input("imaginary", x, B.imaginary),
    };
  },
  output: ({ C, D }, { re, im }, x, { input }) =>
    add(sub(matmul(re, C.real), matmul(im, C.imaginary)), input("skip", x, D)),
});

const cells: Readonly<Record<string, Cell>> = {
  "gru, reset before, layerNorm": gru({ ...sizes, reset: "before", norm: layerNorm({ epsilon }) }),
  "lstm, layerNorm of gates": lstm({ ...sizes, norm: layerNorm({ epsilon, placement: "gates" }) }),
  "lstm, two biases, rmsNorm": lstm({ ...sizes, biases: 2, norm: rmsNorm({ epsilon }) }),
  "lstm, batchNorm": lstm({ ...sizes, norm: batchNorm({ steps: 3 }) }),
  "hiddenDecay of lstm": hiddenDecay(lstm(sizes)),
  "minGru, layerNorm": minGru({ ...sizes, norm: layerNorm({ epsilon }) }),
  "a linear recurrent unit": linearUnit(sizes),
  everything: everything(sizes),
  "zoneout of dropout of lstm": zoneout(
    variationalDropout(lstm(sizes), { input: 0.2, recurrent: 0.3, masks: "perGate" }),
    { h: 0.1, c: 0.3 },
  ),
};

const backend = wasm();
afterAll(() => backend.close());

describe.each(Object.entries(cells))("%s", (_, cell) => {
  for (const { name, skip, run } of cellSuite(cell, { backend }))
    test(name, (context) => (skip === undefined ? run() : context.skip(skip)));
});

describe("a cell that breaks a law is found", () => {
  const plain: Cell = rnn(sizes);
  /** Adds to the next state what the function says of the batch and the state before. */
  const adding = (by: (batch: number, before: Tensor) => Tensor | number): Cell => ({
    ...plain,
    step(p, s, x, context) {
      const next = plain.step(p, s, x, context);
      const [before] = tensorsOf(s);
      return { ...next, state: mapTree(next.state, (h) => add(h, by(x.shape[0]!, before!))) };
    },
  });
  const broken = (cell: Cell, name: LawName): (() => unknown) => {
    const law = cellSuite(cell).find((each) => each.name === name);
    return () => law!.run();
  };

  test("one that looks at the whole batch", () => {
    const cell = adding((batch) => batch);
    expect(broken(cell, "lengths equal truncated runs")).toThrow("state of row 0: h differs");
    expect(broken(cell, "masks equal the cut sequence")).toThrow("state of row 0: h differs");
    expect(broken(cell, "parameters are named and counted")).not.toThrow();
  });

  test("one whose gradient is cut", () => {
    const cell = adding((_, before) => stopGradient(before));
    expect(broken(cell, "the gradient equals finite differences")).toThrow(
      "the gradient differs from central differences",
    );
  });

  test("one that draws in evaluation", () => {
    const cell: Cell = {
      ...plain,
      step: (p, s, x, context = evaluation) =>
        plain.step(p, s, add(x, sum(convert(context.keys.step("noise"), x.dtype))), context),
    };
    expect(broken(cell, "evaluation draws nothing")).toThrow("draws in evaluation");
  });

  test("laws are left out by name, with a reason", () => {
    const laws = cellSuite(plain, { except: { "two windows equal one run": "it forgets" } });
    expect(laws.filter(({ skip }) => skip !== undefined).map(({ name, skip }) => [name, skip])).toEqual([
      ["two windows equal one run", "it forgets"],
      ["an associative scan agrees with the loop", "the cell has no recurrence"],
      ["a backend has the reference's values", "no backend is given"],
    ]);
    expect(() => cellSuite(plain, Object({ except: { lengths: "" } }))).toThrow("cellSuite: no law lengths");
  });
});
