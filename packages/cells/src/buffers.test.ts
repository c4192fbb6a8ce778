// Buffers of a cell's own, of cells within a cell, and of normalizers that others write.
import { buffer, kernel } from "@sluice/params";
import type { Normalizer } from "@sluice/norm";
import { batchNorm, layerNorm } from "@sluice/norm";
import {
  add,
  convert,
  div,
  full,
  key,
  keyFor,
  leavesOf,
  matmul,
  max,
  mul,
  normal,
  reshape,
  select,
  sub,
  sum,
  tanh,
  tensor,
  uniform,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { describe, expect, expectTypeOf, test } from "vitest";
import { defineCell, gru, lstm, outputOf, probe, rnn, sequence, type Norm, type State } from "./index.ts";

const sizes = { input: 2, hidden: 3 };
const [batch, time] = [4, 3];
const x = normal(key(1), [batch, time, sizes.input]);
const at = (tree: Tree, path: string): number[] => [
  ...valuesOf(leavesOf(tree).find((leaf) => leaf.path === path)!.tensor),
];

/** Takes the running mean of its inputs from them. It learns that mean in one pass over each batch. */
const centered = defineCell({
  name: "centered",
  options: { momentum: 0.5 },
  params: ({ input, hidden }) => ({ W: kernel([input, hidden]) }),
  buffers: ({ input }) => ({ mean: buffer([input], { initial: 0.25 }), batches: buffer([], { dtype: "i32" }) }),
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W }, { h }, given, { buffers, training, active }) {
    expectTypeOf(buffers).toEqualTypeOf<{ readonly mean: Tensor; readonly batches: Tensor }>();
    const rows = active();
    const counted = rows === undefined ? given : select(reshape(rows, [given.shape[0]!, 1]), given, 0);
    const count = rows === undefined ? full([], given.shape[0]!) : sum(convert(rows, "f32"));
    return {
      state: { h: tanh(add(h, matmul(sub(given, buffers.mean), W))) },
      output: "h",
      ...(training ? { observed: { total: sum(counted, 0), count } } : {}),
    };
  },
  update({ mean, batches }, { total, count }, { momentum }) {
    const now = div(sum(total!, 0), max(sum(count!), 1));
    return { mean: add(mul(mean, 1 - momentum), mul(now, momentum)), batches: add(batches, 1) };
  },
});

describe("a cell's own buffers", () => {
  const layer = sequence(centered(sizes));
  const params = layer.init(key(2));
  const buffers = layer.initialBuffers();

  test("begin as declared, are read at every step, and move after the loop, over the steps that count", () => {
    expect([at(buffers, "mean"), at(buffers, "batches")]).toEqual([[0.25, 0.25], [0]]);
    const lengths = [3, 1, 0, 2];
    const { output, buffers: after } = layer.apply(params, x, { buffers, training: true, lengths });
    const values = valuesOf(x);
    const expected = [0, 1].map((feature) => {
      const counted = lengths.flatMap((n, row) =>
        Array.from({ length: n }, (_, t) => values[(row * time + t) * 2 + feature]!),
      );
      return 0.125 + (0.5 * counted.reduce((total, v) => total + v, 0)) / counted.length;
    });
    at(after, "mean").forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 6));
    expect(at(after, "batches")).toEqual([1]);
    const evaluated = layer.apply(params, x, { buffers, lengths });
    expect([...valuesOf(evaluated.output)]).toEqual([...valuesOf(output)]);
    expect(evaluated.buffers).toBe(buffers);
    expect([...valuesOf(layer.apply(params, x, { buffers: after, lengths }).output)]).not.toEqual([
      ...valuesOf(output),
    ]);
  });

  test("are the same whether windows are cut, or steps computed again", () => {
    const whole = layer.apply(params, x, { buffers, training: true });
    for (const options of [{ carryAfter: 1 }, { segment: 2 }]) {
      const other = layer.apply(params, x, { buffers, training: true, ...options });
      expect(at(other.buffers, "mean")).toEqual(at(whole.buffers, "mean"));
    }
  });

  test("that do not fit are told by their paths", () => {
    expect(() => layer.apply(params, x)).toThrow(
      "centered: buffers are missing: mean, batches; pass buffers: initialBuffers(), or those that training returned",
    );
    expect(() => layer.apply(params, x, { buffers: { mean: full([2], 0), batches: full([], 0) } })).toThrow(
      "centered: the buffers do not fit: batches is f32 [], expected i32 []",
    );
    const cell = centered(sizes);
    expect(() => cell.step(params, { h: full([1, 3], 0) }, full([1, 2], 0))).toThrow(
      "centered: the buffers do not fit: no mean, expected [2]",
    );
    const shrinking = sequence({ ...cell, update: () => ({ mean: full([1], 0) }) });
    expect(() => shrinking.apply(params, x, { buffers, training: true })).toThrow(
      "centered: update: the buffers do not fit: mean is [1], expected [2]; no batches",
    );
    expect(() => sequence(gru(sizes)).apply(gru(sizes).init(key(1)), x, { buffers })).toThrow(
      "gru: the buffers do not fit: unexpected mean [2]; unexpected batches []",
    );
  });
});

test("names that cells need for themselves, and what is no buffer, are told", () => {
  const plain = {
    name: "plain",
    params: ({ input, hidden }: typeof sizes) => ({ W: kernel([input, hidden]) }),
    step: ({ W }: { W: Tensor }, state: { h: Tensor }, y: Tensor, { norm }: { norm: Norm }) => ({
      state: { ...state, h: norm("gates", [matmul(y, W)]) },
      output: "h" as const,
    }),
  };
  const state = ({ hidden }: typeof sizes) => ({ h: [hidden] });
  const made = (more: object) => () =>
    Reflect.apply(Reflect.apply(Object(defineCell), undefined, [{ ...plain, state, ...more }]), undefined, [
      { ...sizes, norm: batchNorm({ steps: 2 }) },
    ]);
  expect(made({})).not.toThrow();
  expect(made({ buffers: () => ({ norm: buffer([2]) }) })).toThrow("defineCell: plain has a buffer norm");
  expect(made({ buffers: () => ({ mean: [2] }) })).toThrow(
    "buffers: mean.0 is 2, expected a buffer such as buffer([64])",
  );
  expect(made({ state: () => ({ h: [3], stepIndex: [3] }) })).toThrow("defineCell: plain has a state stepIndex");
  expect(made({ buffers: () => ({ inner: buffer([2]) }), cells: () => ({ inner: rnn(sizes) }) })).toThrow(
    "the inner cell inner has the name of buffer",
  );
});

describe("cells within a cell", () => {
  const twice = defineCell({
    name: "twice",
    cells: ({ input, hidden }, _, { norm }) => ({ inner: lstm({ input, hidden, ...(norm && { norm }) }) }),
    params: ({ hidden }) => ({ U: kernel([hidden, hidden]) }),
    state: ({ hidden }) => ({ h: [hidden] }),
    step({ U }, { h }, given, { cells, norm, recurrent }) {
      const first = cells.inner(given);
      const second = cells.inner(given, { state: first.state, name: "again" });
      return {
        state: { h: tanh(norm("sum", [recurrent("sum", add(h, second.output), U)])), inner: second.state },
        output: "h",
      };
    },
  });
  const norm = batchNorm({ steps: 2 });
  const layer = sequence(twice({ ...sizes, norm }));
  const params = layer.init(key(3));

  test("keep theirs under their names, and each call moves them", () => {
    const buffers = layer.initialBuffers();
    const inner = sequence(lstm({ ...sizes, norm }));
    expect(leavesOf(buffers).map(({ path }) => path)).toEqual([
      ...leavesOf(inner.initialBuffers()).map(({ path }) => `inner.${path}`),
      "norm.sum.0.mean",
      "norm.sum.0.variance",
    ]);
    const one = x.shape.with(1, 1);
    const first = reshape(tensor(valuesOf(x).slice(0, batch * 2), [batch, 2]), one);
    const after = layer.apply(params, first, { buffers, training: true }).buffers;
    // The same by hand: two steps of the inner cell, each a batch of its own.
    let [state, moved]: [State | undefined, Tree] = [undefined, inner.initialBuffers()];
    for (let call = 0; call < 2; call++) {
      const applied = inner.apply(params.inner, first, {
        buffers: moved,
        training: true,
        ...(state && { state: state as ReturnType<typeof inner.initialState> }),
      });
      [state, moved] = [applied.state, applied.buffers];
    }
    for (const { path } of leavesOf(moved))
      at(after, `inner.${path}`).forEach((v, i) => expect(v, path).toBeCloseTo(at(moved, path)[i]!, 5));
  });
});

describe("normalizers", () => {
  test("of the input's products alone leave the other terms as they are", () => {
    const cell = rnn({ ...sizes, norm: layerNorm({ placement: "input", cell: false }) });
    expect(leavesOf(cell.init(key(1))).map(({ path }) => path)).toEqual([
      "W",
      "U",
      "b",
      "norm.gates.0.gain",
      "norm.gates.0.bias",
    ]);
    const params = { ...cell.init(key(1)) };
    const h = normal(key(5), [batch, sizes.hidden]);
    const given = normal(key(6), [batch, sizes.input]);
    const expected = tanh(
      add(
        add(
          layerNorm().apply({ gain: full([3], 1), bias: full([3], 0) }, matmul(given, params.W)),
          matmul(h, params.U),
        ),
        params.b!,
      ),
    );
    valuesOf(outputOf(cell.step(params, { h }, given))).forEach((v, i) =>
      expect(v).toBeCloseTo(valuesOf(expected)[i]!, 6),
    );
    const unmarked = defineCell({
      name: "unmarked",
      params: ({ input, hidden }) => ({ W: kernel([input, hidden]) }),
      state: ({ hidden }) => ({ h: [hidden] }),
      step: ({ W }, { h }, y, { norm }) => ({ state: { h: norm("gates", [matmul(y, W), h]) }, output: "h" }),
    });
    expect(() => unmarked({ ...sizes, norm: layerNorm({ placement: "input" }) })).toThrow(
      'layerNorm would change nothing, since the step of unmarked calls norm at no place where it acts; make the products of the input with input("gates", x, W) there',
    );
  });

  /** Noise in training, and the statistics of the batch at all times, without buffers. */
  const noisy: Normalizer = {
    name: "noisy",
    placement: { preactivation: "branches", cell: true },
    params: () => ({}),
    apply(_, y, { training, active, key: draw }) {
      const rows = active();
      const total = rows === undefined ? y : select(reshape(rows, [y.shape[0]!, 1]), y, 0);
      const shifted = sub(y, mul(sum(total, 0), 0.1));
      return training ? add(shifted, uniform(draw(), y.shape)) : shifted;
    },
  };

  test("that mix rows without buffers are kept to the rows that count, in evaluation too", () => {
    const layer = sequence(lstm({ ...sizes, norm: noisy }));
    const params = layer.init(key(1));
    const lengths = [3, 1, 0, 2];
    const given = (fill: number) =>
      select(
        reshape(
          tensor(
            lengths.flatMap((n) => [0, 1, 2].map((t) => Number(t < n))),
            [batch, time],
            { dtype: "bool" },
          ),
          [batch, time, 1],
        ),
        x,
        fill,
      );
    for (const options of [{}, { training: true, key: keyFor(key(1), "noise") }]) {
      const [a, b] = [NaN, 5].map((fill) => layer.apply(params, given(fill), { lengths, ...options }).output);
      expect([...valuesOf(a!)]).toEqual([...valuesOf(b!)]);
    }
    expect(() => layer.apply(params, x, { training: true })).toThrow("needs a key");
    expect(probe(layer.cell).mixesRows).toBe(true);
    expect(probe(gru({ ...sizes, norm: layerNorm() })).mixesRows).toBe(false);
    expect(probe(gru({ ...sizes, norm: batchNorm({ steps: 2 }) })).mixesRows).toBe(false);
    expect(probe(gru({ ...sizes, norm: batchNorm({ steps: 2 }) }), { training: true }).mixesRows).toBe(true);
  });

  test("that return something else are errors", () => {
    const returning = (apply: Normalizer["apply"]) => () => gru({ ...sizes, norm: { ...noisy, apply } });
    expect(returning((_, y) => sum(y, 0))).toThrow("noisy: apply was given [2,6] and returned [6], of another shape");
    expect(returning((() => undefined) as never)).toThrow(
      "noisy: apply returned undefined, expected a tensor, or { output, observed }",
    );
  });
});
