import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import * as t from "../index.ts";
import * as internal from "../internal.ts";
import type { ScanOptions, Tensor } from "../index.ts";

vi.setConfig({ testTimeout: 60_000 });

const draw = (name: string, shape: t.Shape, seed = 0): Tensor =>
  t.normal(t.keyFor(t.key(seed), name), shape, { dtype: "f64" });

type Params = {
  readonly W: Tensor;
  readonly U: Tensor;
  readonly h: Tensor;
  readonly c: Tensor;
  readonly x: Tensor;
  readonly gain: Tensor;
};

function paramsOf({ batch = 2, time = 4, seed = 0 } = {}): Params {
  return {
    W: draw("W", [3, 4], seed),
    U: draw("U", [2, 4], seed),
    h: draw("h", [batch, 2], seed),
    c: draw("c", [batch, 2], seed),
    x: draw("x", [time, batch, 3], seed),
    gain: draw("gain", [time, batch], seed),
  };
}

/** Two states, two sequences, captures used in and outside of what varies. */
function step({ W, U }: Params) {
  return ({ h, c }: { h: Tensor; c: Tensor }, { x, gain }: { x: Tensor; gain: Tensor }) => {
    const [a, b] = t.split(t.add(t.matmul(x, t.mul(W, 0.5)), t.matmul(h, U)), 2);
    const next = t.add(t.mul(t.sigmoid(a!), c), t.mul(t.tanh(b!), t.reshape(gain, [gain.shape[0]!, 1])));
    return { state: { h: t.tanh(next), c: next }, output: { both: t.mul(next, h), sum: t.sum(next, 1) } };
  };
}

function layer(p: Params, options: ScanOptions) {
  return t.scan(step(p), { h: p.h, c: p.c }, { x: p.x, gain: p.gain }, options);
}

/** The definition: an unrolled loop over one row at a time. */
function loop(p: Params, { reverse = false, lengths, resets }: ScanOptions) {
  const [time, batch] = [p.x.shape[0]!, p.x.shape[1]!];
  const rows = Array.from({ length: batch }, (_, b) => {
    const row = (x: Tensor): Tensor => t.sliceAxis(x, 0, b, b + 1);
    const initial = { h: row(p.h), c: row(p.c) };
    const length = lengths ? t.valuesOf(lengths)[b]! : time;
    let state = initial;
    const outputs = Array.from({ length: time }, () => ({
      both: internal.zerosArray([1, 2], "f64") as Tensor,
      sum: internal.zerosArray([1], "f64") as Tensor,
    }));
    for (let i = 0; i < time; i++) {
      const at = reverse ? time - 1 - i : i;
      if (at >= length) continue;
      if (resets && t.valuesOf(resets)[at * batch + b] === 1) state = initial;
      const result = step(p)(state, { x: row(t.take(p.x, at)), gain: row(t.take(p.gain, at)) });
      state = result.state;
      outputs[at] = result.output;
    }
    return { state, outputs };
  });
  const joined = (pick: (r: (typeof rows)[number]) => Tensor): Tensor => t.concat(rows.map(pick), 0);
  const stacked = (name: "both" | "sum", shape: t.Shape): Tensor =>
    time === 0
      ? internal.zerosArray([0, batch, ...shape], "f64")
      : t.stack(Array.from({ length: time }, (_, i) => joined((r) => r.outputs[i]![name])));
  return {
    state: { h: joined((r) => r.state.h), c: joined((r) => r.state.c) },
    output: { both: stacked("both", [2]), sum: stacked("sum", []) },
  };
}

const settings = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    time: fc.nat(4),
    seed: fc.nat(1000),
    reverse: fc.boolean(),
    ragged: fc.boolean(),
    reset: fc.boolean(),
  })
  .map(({ batch, time, seed, reverse, ragged, reset }) => {
    const bits = t.valuesOf(t.randomBits(t.key(seed), [batch + time * batch]));
    const lengths = t.tensor(Int32Array.from(bits.slice(0, batch), (n) => (n >>> 0) % (time + 1)));
    const resets = t.tensor(
      Int32Array.from(bits.slice(batch), (n) => n & 1),
      [time, batch],
      { dtype: "bool" },
    );
    const options: ScanOptions = { reverse, ...(ragged ? { lengths } : {}), ...(reset ? { resets } : {}) };
    return { p: paramsOf({ batch, time, seed }), options };
  });

function expectClose(a: t.Tree, b: t.Tree): void {
  t.zipTrees(a, b, (x, y, path) => {
    expect(x.shape, path).toEqual(y.shape);
    t.valuesOf(x).forEach((value, i) => expect(value, path).toBeCloseTo(t.valuesOf(y)[i]!, 10));
    return x;
  });
}

describe("with any combination of lengths, resets and reverse", () => {
  test("it is the loop over steps, row by row", () => {
    fc.assert(
      fc.property(settings, ({ p, options }) => expectClose(layer(p, options), loop(p, options))),
      { numRuns: 60 },
    );
  });

  test("its gradient is that of the loop", () => {
    const loss = (f: typeof layer, options: ScanOptions) => (p: Params) => {
      const { state, output } = f(p, options);
      return t.add(t.sum(t.mul(state.h, 2)), t.add(t.sum(t.square(output.both)), t.sum(output.sum)));
    };
    fc.assert(
      fc.property(settings, ({ p, options }) =>
        expectClose(t.grad(loss(layer, options))(p), t.grad(loss(loop, options))(p)),
      ),
      { numRuns: 40 },
    );
  });

  test("its gradient agrees with differences", () => {
    fc.assert(
      fc.property(settings, ({ p, options }) => void t.assertGradient((q: Params) => layer(q, options), p)),
      { numRuns: 25 },
    );
  });

  test("its second derivative agrees with differences", () => {
    fc.assert(
      fc.property(settings, ({ p, options }) => {
        const gradient = t.grad((q: Params) => t.sum(t.square(layer(q, options).output.both)));
        t.assertGradient((q: Params) => gradient(q), p, { samples: 8 });
      }),
      { numRuns: 12 },
    );
  });

  test("recorded and evaluated it has the bits of eager evaluation", () => {
    fc.assert(
      fc.property(settings, ({ p, options }) => {
        const { program } = t.recordProgram((q: Params) => layer(q, options), [p]);
        expect(t.evaluate(program, t.tensorsOf(p))).toEqual(t.tensorsOf(layer(p, options)));
      }),
      { numRuns: 30 },
    );
  });
});

test("lengths and resets may be arguments of the recorded function", () => {
  const p = paramsOf();
  const lengths: Tensor = t.tensor(Int32Array.of(0, 4));
  const resets: Tensor = t.tensor([0, 1, 1, 0, 0, 0, 0, 1], [4, 2], { dtype: "bool" });
  const f = (q: Params, l: Tensor, r: Tensor) =>
    t.grad((x: Params) => t.sum(layer(x, { lengths: l, resets: r }).output.both))(q);
  const { program } = t.recordProgram(f, [p, lengths, resets]);
  expect(t.evaluate(program, [...t.tensorsOf(p), lengths, resets])).toEqual(t.tensorsOf(f(p, lengths, resets)));
});

test("a row of length 0 keeps its initial state, puts out zeros, and gives its inputs no gradient", () => {
  const p = paramsOf();
  const lengths = t.tensor(Int32Array.of(0, 4));
  const { state, output } = layer(p, { lengths });
  expect(t.valuesOf(t.take(state.h, 0))).toEqual(t.valuesOf(t.take(p.h, 0)));
  expect([...t.valuesOf(t.take(output.both, 0, 1))].every((x) => x === 0)).toBe(true);
  const { x, h } = t.grad((q: Params) => t.sum(layer(q, { lengths }).state.h))(p);
  expect([...t.valuesOf(t.take(x, 0, 1))].every((g) => g === 0)).toBe(true);
  expect([...t.valuesOf(t.take(h, 0))]).toEqual([1, 1]);
});

test("no steps: the initial state, outputs of no rows, and zero gradients of the weights", () => {
  const p = paramsOf({ time: 0 });
  const { state, output } = layer(p, {});
  expect(state.h).toEqual(p.h);
  expect(output.both.shape).toEqual([0, 2, 2]);
  const gradient = t.grad((q: Params) => t.sum(layer(q, {}).state.h))(p);
  expect([...t.valuesOf(gradient.U)].every((g) => g === 0)).toBe(true);
  expect([...t.valuesOf(gradient.h)]).toEqual([1, 1, 1, 1]);
});

test("an empty batch", () => {
  const p = paramsOf({ batch: 0 });
  expect(layer(p, {}).output.both.shape).toEqual([4, 0, 2]);
  expect([...t.valuesOf(t.grad((q: Params) => t.sum(layer(q, {}).output.both))(p).U)].every((g) => g === 0)).toBe(true);
});

test("a loop over a number of steps, with an integer state", () => {
  const { state, output } = t.scan(
    ({ i, y }: { i: Tensor; y: Tensor }) => ({ state: { i: t.add(i, 1), y: t.mul(y, 2) }, output: i }),
    { i: t.scalar(0, "i32"), y: t.scalar(1) },
    [],
    { length: 5 },
  );
  expect([t.item(state.i), t.item(state.y)]).toEqual([5, 32]);
  expect(t.valuesOf(output)).toEqual(Int32Array.of(0, 1, 2, 3, 4));
  const power = (x: Tensor): Tensor =>
    t.scan(
      ({ i, y }: { i: Tensor; y: Tensor }) => ({ state: { i: t.add(i, 1), y: t.mul(y, x) }, output: [] }),
      { i: t.scalar(0, "i32"), y: t.onesLike(x) },
      [],
      { length: 5 },
    ).state.y;
  expect(t.item(t.grad(power)(t.scalar(2)))).toBe(80);
});

describe("nested with other transformations", () => {
  const p = { w: draw("w", [2]), x: draw("x", [3, 4, 2]), h: draw("h", [2]) };
  type P = typeof p;
  const inner = (w: Tensor, h: Tensor, row: Tensor): Tensor =>
    t.scan((s: Tensor, y: Tensor) => ({ state: t.tanh(t.add(t.mul(s, w), y)), output: t.mul(s, h) }), h, row).state;
  const twice: Record<string, (q: P) => Tensor> = {
    "scan in scan": (q) =>
      t.scan((h: Tensor, row: Tensor) => ({ state: inner(q.w, h, row), output: h }), q.h, q.x).state,
    "scan in checkpoint": (q) => t.checkpoint((w: Tensor, h: Tensor) => inner(w, h, t.take(q.x, 0)))(q.w, q.h),
    "checkpoint in scan": (q) =>
      t.scan(
        (h: Tensor, y: Tensor) => ({
          state: t.checkpoint((s: Tensor) => t.tanh(t.add(t.mul(s, q.w), y)))(h),
          output: [],
        }),
        q.h,
        t.take(q.x, 1),
      ).state,
    "checkpointed scan in checkpointed scan": (q) =>
      t.scan(
        (h: Tensor, row: Tensor) => ({ state: t.checkpoint((s: Tensor) => inner(q.w, s, row))(h), output: h }),
        q.h,
        q.x,
      ).state,
    "gradient in scan": (q) =>
      t.scan(
        (h: Tensor, y: Tensor) => ({
          state: t.grad((s: Tensor) => t.sum(t.tanh(t.mul(t.mul(s, s), t.add(q.w, y)))))(h),
          output: [],
        }),
        q.h,
        t.take(q.x, 2),
      ).state,
    "one scan after another": (q) => {
      const first = t.scan(
        (h: Tensor, y: Tensor) => ({ state: t.tanh(t.add(t.mul(h, q.w), y)), output: h }),
        q.h,
        t.take(q.x, 0),
      );
      const second = t.scan(
        (h: Tensor, y: Tensor) => ({ state: t.sigmoid(t.add(t.mul(h, q.w), y)), output: t.mul(h, y) }),
        first.state,
        first.output,
        { reverse: true },
      );
      return t.sum(t.mul(second.output, first.output), 0);
    },
  };
  test.each(Object.entries(twice))("%s: first and second derivative, recorded as eager", (_, f) => {
    t.assertGradient(f, p);
    const gradient = t.grad((q: P) => t.sum(t.square(f(q))));
    t.assertGradient((q: P) => gradient(q), p);
    const { program } = t.recordProgram((q: P) => gradient(q), [p]);
    expect(t.evaluate(program, t.tensorsOf(p))).toEqual(t.tensorsOf(gradient(p)));
  });
});

test("what does not depend on the step's arguments is computed once, outside", () => {
  const { program } = t.recordProgram((q: Params) => layer(q, {}).state, [paramsOf()]);
  expect(program.nodes.map((node) => node.operation.op)).toEqual(["mul", "scan"]);
});

test("a broadcast of something from outside stays in the step, so that its gradient is summed in each step and not kept whole", () => {
  const f = (b: Tensor, x: Tensor): Tensor =>
    t.sum(
      t.scan(
        (h: Tensor, y: Tensor) => ({ state: t.tanh(t.add(t.add(h, y), b)), output: [] }),
        internal.zerosArray([2, 3]) as Tensor,
        x,
      ).state,
    );
  const { program } = t.recordProgram(t.grad(f), [
    internal.zerosArray([3]) as Tensor,
    internal.zerosArray([4, 2, 3]) as Tensor,
  ]);
  expect(program.nodes.map((node) => node.operation.op)).toEqual(["scan", "scan"]);
  expect(program.nodes[1]!.outputs.map((y) => y.shape)).toEqual([[2, 3], [3]]);
});

describe("with its gradient, a loop runs once forwards and once backwards", () => {
  const scans = (program: t.Program): number => program.nodes.filter((node) => node.operation.op === "scan").length;
  const p = paramsOf();
  const loss = (q: Params): Tensor => t.sum(layer(q, {}).output.both);

  test("one loop, its value and other results used too", () => {
    expect(scans(t.recordProgram(t.valueAndGrad(loss), [p]).program)).toBe(2);
    const both = t.valueAndGradAux((q: Params) => {
      const { output, state } = layer(q, {});
      return { value: t.sum(output.both), aux: { output, state } };
    });
    expect(scans(t.recordProgram((q: Params) => both(q), [p]).program)).toBe(2);
  });

  test("loops that feed one another", () => {
    const three = (q: Params): Tensor => {
      let x: Tensor = q.x;
      for (let i = 0; i < 3; i++)
        x = t.scan(
          (h: Tensor, y: Tensor) => ({
            state: t.tanh(t.add(t.mul(h, 0.5), t.sum(y, 1, { keep: true }))),
            output: t.mul(y, h),
          }),
          t.sum(q.h, 1, { keep: true }),
          x,
        ).output;
      return t.sum(x);
    };
    expect(scans(t.recordProgram(t.valueAndGrad(three), [p]).program)).toBe(6);
  });

  test("what the backward step can work out is not kept: of a sigmoid and a tanh, those and the state before", () => {
    const gate = (q: Params): Tensor =>
      t.sum(
        t.scan(
          (h: Tensor, y: Tensor) => {
            const [z, n] = t.split(t.add(t.matmul(y, q.W), t.matmul(h, q.U)), 2);
            const [u, a] = [t.sigmoid(z!), t.tanh(n!)];
            return { state: t.add(t.mul(u, h), t.mul(t.sub(1, u), a)), output: [] };
          },
          q.h,
          q.x,
        ).state,
      );
    const [forward] = t
      .recordProgram(t.valueAndGrad(gate), [p])
      .program.nodes.filter((node) => node.operation.op === "scan");
    expect(forward!.outputs.map((y) => y.shape)).toEqual([
      [2, 2],
      [4, 2, 2],
      [4, 2, 2],
      [4, 2, 2],
    ]);
  });
});

describe("bad input", () => {
  const p = paramsOf();
  const same = (h: Tensor, x: Tensor) => ({ state: h, output: x });
  const i32 = (...values: number[]): Tensor => t.tensor(Int32Array.from(values));
  test.each<[string, () => unknown, string]>([
    [
      "sequences of different length",
      () =>
        t.scan((h: Tensor, _: { a: Tensor; b: Tensor }) => ({ state: h, output: [] }), p.h, {
          a: internal.zerosArray([3, 1]),
          b: internal.zerosArray([4]),
        }),
      "scan: sequences [3,1], [4] differ in their number of steps (axis 0)",
    ],
    [
      "a length that no sequence has",
      () => t.scan(same, p.h, p.x, { length: 5 }),
      "scan: sequences [4,2,3] and length 5 differ in their number of steps (axis 0)",
    ],
    [
      "nothing to tell the length",
      () => t.scan((h: Tensor) => ({ state: h, output: [] }), p.h, []),
      "scan: expected a sequence or options.length for the number of steps",
    ],
    ["a scalar as a sequence", () => t.scan(same, p.h, t.scalar(1)), "scan: sequence [] has no time axis (axis 0)"],
    [
      "a fractional length",
      () => t.scan((h: Tensor) => ({ state: h, output: [] }), p.h, [], { length: 1.5 }),
      "scan: expected a length that is an integer >= 0, got 1.5",
    ],
    [
      "an unknown option",
      () => t.scan(same, p.h, p.x, { length: 4, ...{ lenghts: i32(1, 1) } }),
      "scan: unknown option lenghts; did you mean lengths?",
    ],
    [
      "lengths of another batch",
      () => t.scan(same, { h: p.h }.h, p.x, { lengths: i32(1, 2, 3) }),
      "scan: with lengths or resets of 3 rows, axis 0 of the state [2,2] must be the batch of 3",
    ],
    [
      "lengths that are too long",
      () => t.scan(same, p.h, p.x, { lengths: i32(1, 5) }),
      "scan: lengths must be from 0 to 4 (the number of steps), got 1, 5",
    ],
    [
      "lengths as floats",
      () => t.scan(same, p.h, p.x, { lengths: t.tensor([1, 2]) }),
      "scan: expected lengths as i32 [batch], got f32 [2]",
    ],
    [
      "resets as numbers",
      () => t.scan(same, p.h, p.x, { resets: internal.zerosArray([4, 2]) }),
      "scan: expected resets as bool [4,2] (time, batch), got f32 [4,2]",
    ],
    [
      "an output without the batch",
      () => t.scan((h: Tensor) => ({ state: h, output: t.sum(h) }), p.h, p.x, { lengths: i32(1, 2) }),
      "scan: with lengths or resets of 2 rows, axis 0 of the output [] must be the batch of 2",
    ],
    [
      "a missing state",
      () =>
        t.scan(
          (s: { h?: Tensor }): { state: { h?: Tensor }; output: [] } => ({
            state: { ...s, h: undefined } as never,
            output: [],
          }),
          { h: p.h } as never,
          p.x,
        ),
      "tree: expected a tensor, array or object at h, got undefined",
    ],
    [
      "another state",
      () => t.scan(() => ({ state: { c: p.h }, output: [] }) as never, { h: p.h }, p.x),
      "scan: the state that the step returns: no tensor at h; unexpected c (expected h)",
    ],
    [
      "a state that changes its shape",
      () =>
        t.scan(({ h }: { h: Tensor }, x: Tensor) => ({ state: { h: t.concat([h, x]) }, output: [] }), { h: p.h }, p.x),
      "scan: state h [2,2] (f64) leaves the step as f64 [2,5]; shape and dtype must stay",
    ],
  ])("%s", (_, f, message) => {
    expect(f).toThrow(new t.TensorError(message));
  });
});
