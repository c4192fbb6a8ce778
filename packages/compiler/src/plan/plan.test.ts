import {
  add,
  broadcastTo,
  concat,
  cumulativeSum,
  div,
  evaluate,
  exp,
  gather,
  key,
  keyFor,
  matmul,
  mul,
  pad,
  reduceMax,
  reshape,
  scan,
  sigmoid,
  slice,
  split,
  sum,
  tanh,
  tensor,
  recordProgram,
  transpose,
  uniform,
  valueAndGrad,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { applyOne, isArray, primitives } from "@sluice/tensor/internal";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { optimize } from "../passes/optimize.ts";
import { interpret } from "../testing/interpret.ts";
import { planProgram } from "./make.ts";
import type { LoopStep, Plan, Step } from "./plan.ts";
import { isElementwise } from "../facts/roles.ts";

const random = (name: string, shape: readonly number[]): ArrayTensor => {
  const values = uniform(keyFor(key(1), name), shape, { low: -1, high: 1 });
  if (!isArray(values)) throw new Error("expected values");
  return values;
};

/** The plan of `f` gives the bits of the program that it was made from; with parts of planning switched off, too. */
function holds(f: (...args: Tensor[]) => Tree, args: readonly ArrayTensor[], optimized = true): Plan {
  const recorded = recordProgram((...symbols: readonly Tensor[]) => f(...symbols), [...args]).program;
  const program = optimized ? optimize(recorded) : recorded;
  const made = planProgram(program, { panelColumns: 8 });
  const expected = evaluate(program, args).filter(isArray);
  for (const of of [made, planProgram(program, { panelColumns: 8, passes: { fuse: false, memory: false } })]) {
    interpret(of, args).forEach((value, i) => expect(value).toEqual(expected[i]));
  }
  return made;
}

const rnnStep = (W: Tensor, U: Tensor) => (state: { h: Tensor }, x: Tensor) => {
  const h = tanh(add(matmul(x, W), matmul(state.h, U)));
  return { state: { h }, output: h };
};

const gruStep = (W: Tensor, U: Tensor, b: Tensor) => (state: { h: Tensor }, x: Tensor) => {
  const [xr, xz, xn] = split(add(matmul(x, W), b), 3);
  const [hr, hz, hn] = split(matmul(state.h, U), 3);
  const z = sigmoid(add(xz, hz));
  const n = tanh(add(xn, mul(sigmoid(add(xr, hr)), hn)));
  const h = add(n, mul(z, add(state.h, mul(n, -1))));
  return { state: { h }, output: h };
};

const loops = (steps: readonly Step[]): LoopStep[] => steps.filter((step) => step.kind === "loop");

describe("views and assemblies", () => {
  test("a slice of a concatenation of a padded transpose", () => {
    holds(
      (a, b) => slice(concat([pad(transpose(a), [1, 0], [0, 2]), exp(b)], 1), [1, 1], [4, 6]),
      [random("a", [2, 4]), random("b", [5, 3])],
    );
  });

  test("reshapes that need a copy get one", () => {
    const made = holds((a) => mul(reshape(transpose(a), [6, 2]), 2), [random("a", [3, 4])]);
    expect(made.steps.length).toBe(2);
  });

  test("a value that is a result, part of two concatenations and read again", () => {
    holds(
      (a) => {
        const b = exp(a);
        return { b, left: concat([b, a], 0), right: concat([a, b], 1), again: sum(b, 1), view: transpose(b) };
      },
      [random("a", [3, 3])],
    );
  });

  test("a concatenation that is a result and also padded, and what is read of both", () => {
    holds(
      (a) => {
        const joined = concat([slice(a, [0, 1], [2, 3]), tanh(slice(a, [0, 0], [2, 1]))], 1);
        const padded = pad(joined, [1, 0], [0, 1]);
        return { joined, part: slice(padded, [1, 1], [3, 4]), twice: mul(slice(padded, [1, 1], [3, 4]), 2) };
      },
      [random("a", [2, 3])],
    );
  });

  test("assemblies of assemblies, of which any may be a result, in any order", () => {
    const steps: readonly ((a: Tensor, b: Tensor) => Tensor)[] = [
      (a, b) => add(a, b),
      (a) => exp(a),
      (a, b) => concat([slice(a, [0, 1], [2, 3]), slice(b, [0, 0], [2, 1])], 1),
      (a, b) => slice(concat([a, b], 0), [1, 0], [3, 3]),
      (a, b) => slice(concat([concat([a, b], 0), b], 0), [3, 0], [5, 3]),
      (a) => slice(pad(a, [1, 0], [0, 1]), [1, 1], [3, 4]),
      (a, b) => slice(pad(concat([a, b], 1), [0, 1], [1, 0]), [1, 2], [3, 5]),
      (a) => reshape(transpose(a), [2, 3]),
      (a, b) => matmul(a, slice(concat([b, a], 0), [0, 0], [3, 3])),
    ];
    const choice = fc.tuple(fc.nat(steps.length - 1), fc.nat(3), fc.nat(3), fc.boolean());
    fc.assert(
      fc.property(fc.array(choice, { minLength: 2, maxLength: 8 }), fc.boolean(), (choices, optimized) => {
        holds(
          (...given) => {
            const pool = [...given];
            const results: Tensor[] = [];
            for (const [i, a, b, result] of choices) {
              const pick = (back: number): Tensor => pool[Math.max(0, pool.length - 1 - back)]!;
              const next = steps[i]!(pick(a), pick(b));
              pool.push(next);
              if (result) results.push(next);
            }
            return [...results, pool.at(-1)!];
          },
          [random("a", [2, 3]), random("b", [2, 3])],
          optimized,
        );
      }),
      { numRuns: 500 },
    );
  });

  test("results that are inputs, constants and the same value twice", () => {
    holds(
      (a) => ({ a, constant: tensor([1, 2, 3]), one: mul(a, a), two: mul(a, a), view: reshape(a, [4]) }),
      [random("a", [2, 2])],
    );
  });

  test("expensive rows are computed once and broadcast", () => {
    const made = holds((a, b) => mul(a, broadcastTo(exp(b), [5, 4])), [random("a", [5, 4]), random("b", [5, 1])]);
    expect(made.steps.map((step) => (step.kind === "elementwise" ? step.shape : []))).toEqual([
      [5, 1],
      [5, 4],
    ]);
  });

  test("empty tensors", () => {
    holds(
      (a, b) => ({ product: matmul(a, b), joined: concat([a, a], 0), total: sum(a, 0) }),
      [random("a", [0, 3]), random("b", [3, 2])],
    );
  });

  test("anchors of every kind", () => {
    const indices = tensor(Int32Array.of(2, 0, 2, 5));
    holds(
      (a) => ({ c: cumulativeSum(exp(a), 0), m: reduceMax(mul(a, 2), 0), g: gather(exp(a), indices) }),
      [random("a", [3, 4])],
    );
    const bits = (k: Tensor): Tensor =>
      applyOne(primitives.randomBits, { op: "randomBits", shape: [3, 3] }, [k, tensor(Int32Array.of(7), [])]);
    holds((k) => bits(k), [tensor(Int32Array.of(1, 2))]);
  });
});

describe("loops", () => {
  const args = [
    random("W", [3, 12]),
    random("U", [4, 12]),
    random("b", [12]),
    random("x", [6, 2, 3]),
    random("h", [2, 4]),
  ];
  const run = (W: Tensor, U: Tensor, b: Tensor, x: Tensor, h: Tensor): Tensor =>
    sum(scan(gruStep(W, U, b), { h }, x).output);

  test("a GRU's step is one product and one pass, and writes its state in place", () => {
    const [loop] = loops(holds((W, U, b, x, h) => run(W!, U!, b!, x!, h!), args).steps);
    expect(loop!.body.map((step) => step.kind)).toEqual(["matmul", "elementwise"]);
    expect(loop!.rows).toBe(2);
  });

  test("its backward step is a pass, a product and a pass; weights are packed outside", () => {
    const made = holds(
      (W, U, b, x, h) =>
        valueAndGrad((p: { W: Tensor; U: Tensor; b: Tensor; h: Tensor }) => run(p.W, p.U, p.b, x!, p.h))({
          W: W!,
          U: U!,
          b: b!,
          h: h!,
        }),
      args,
    );
    const [, backward] = loops(made.steps);
    expect(backward!.body.map((step) => step.kind)).toEqual(["elementwise", "matmul", "elementwise"]);
    expect(loops(made.steps).every((loop) => loop.rows === 2)).toBe(true);
  });

  test("what a pass computes it also reduces: a softmax is three passes, the first of which writes nothing else", () => {
    const softmaxOf = (a: Tensor, b: Tensor): Tensor => {
      const z = mul(a, b);
      const e = exp(add(z, mul(reduceMax(z, 2, { keep: true }), -1)));
      return mul(e, div(1, sum(e, 2, { keep: true })));
    };
    const made = holds((a, b) => softmaxOf(a!, b!), [random("a", [2, 3, 8]), random("b", [2, 3, 8])]);
    expect(made.steps.map(({ kind }) => kind)).toEqual(Array(made.steps.length).fill("elementwise"));
    const [first] = made.steps;
    expect(first?.kind === "elementwise" && [first.stores.length, first.reductions?.results.length]).toEqual([0, 1]);
  });

  test("sums of one value along two axes, and of rows, are not all the pass's", () => {
    const made = holds(
      (a, b) => {
        const product = mul(a!, b!);
        return [sum(product, 1), sum(product, 2), sum(product, 0), reduceMax(product, 1)];
      },
      [random("a", [2, 3, 8]), random("b", [3, 8])],
    );
    expect(made.steps.map(({ kind }) => kind)).toEqual(["elementwise", "reduce", "reduce", "reduce"]);
  });

  test("a memory is written once a step, where it was: later work of the step reads it there", () => {
    const made = holds(
      (C, k, q) =>
        scan(
          (state: { C: Tensor }, at: { k: Tensor; q: Tensor }) => {
            const next = add(mul(state.C, 0.5), mul(reshape(at.k, [2, 4, 1]), reshape(at.q, [2, 1, 4])));
            return { state: { C: next }, output: matmul(reshape(at.q, [2, 1, 4]), next) };
          },
          { C: C! },
          { k: k!, q: q! },
        ),
      [random("C", [2, 4, 4]), random("k", [3, 2, 4]), random("q", [3, 2, 4])],
    );
    expect(loops(made.steps).map(({ body }) => body.map(({ kind }) => kind))).toEqual([["elementwise", "matmul"]]);
  });

  test("a matrix is packed for a loop or for many rows, not for one product of few rows", () => {
    const packs = (rows: number): number =>
      holds((x, w) => matmul(x, w), [random("x", [rows, 6]), random("w", [6, 9])]).steps.filter(
        ({ kind }) => kind === "pack",
      ).length;
    expect([packs(1), packs(3), packs(4)]).toEqual([0, 0, 1]);
    const step =
      (U: Tensor) =>
      ({ h }: { h: Tensor }, x: Tensor) => ({ state: { h: tanh(add(x, matmul(h, U))) }, output: h });
    const looped = holds(
      (U, h, x) => scan(step(U), { h }, x),
      [random("U", [5, 5]), random("h", [1, 5]), random("x", [3, 1, 5])],
    );
    expect(looped.steps.filter(({ kind }) => kind === "pack")).toHaveLength(1);
  });

  test("a matrix that an earlier loop computed is packed once, before the loop that multiplies with it", () => {
    const made = holds(
      (U, h, x) => {
        const squared = scan((E: Tensor) => ({ state: matmul(E, E), output: {} }), U!, {}, { length: 3 }).state;
        const step = (state: Tensor, slice: Tensor) => ({
          state: tanh(add(slice, matmul(state, squared))),
          output: {},
        });
        return scan(step, h!, x!).state;
      },
      [random("U", [5, 5]), random("h", [2, 5]), random("x", [3, 2, 5])],
    );
    expect(made.steps.filter(({ kind }) => kind === "pack")).toHaveLength(1);
    const [, loop] = loops(made.steps);
    expect(loop!.body.filter(({ kind }) => kind === "pack")).toHaveLength(0);
  });

  test("a product that is the next state is written over a state that nothing reads after it", () => {
    const bodies = (step: (h: Tensor, U: Tensor) => Tensor): string[][] =>
      loops(
        holds(
          (h, U) => scan((state: Tensor) => ({ state: step(state, U!), output: {} }), h!, {}, { length: 3 }).state,
          [random("h", [2, 4]), random("U", [4, 4])],
        ).steps,
      ).map(({ body }) => body.map((of) => of.kind));
    expect(bodies((h, U) => matmul(tanh(h), U))).toEqual([["elementwise", "matmul"]]);
    expect(bodies((h, U) => matmul(h, U))).toEqual([["matmul", "elementwise"]]);
  });

  test("a matrix that is a constant is packed when the plan is made", () => {
    const w = tensor(
      Float32Array.from({ length: 18 }, (_, i) => i + 1),
      [2, 9],
    );
    const made = holds((x) => matmul(x!, w), [random("x", [4, 2])]);
    expect(made.steps.map(({ kind }) => kind)).toEqual(["matmul"]);
    const panels = [
      1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 9, 0, 0, 0, 0, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0,
    ];
    expect(made.constants.map(({ values }) => [...values])).toEqual([[...w.data], panels]);
  });

  test("states that change places", () => {
    holds(
      (a, b, x) =>
        scan(
          (s: { a: Tensor; b: Tensor }, y: Tensor) => ({ state: { a: s.b, b: add(s.a, y) }, output: s.a }),
          { a: a!, b: b! },
          x!,
        ),
      [random("a", [2, 3]), random("b", [2, 3]), random("x", [5, 2, 3])],
    );
  });

  test("a state that never changes, one that nothing reads, and no steps at all", () => {
    holds(
      (a, x) => scan((s: { a: Tensor }, y: Tensor) => ({ state: s, output: mul(s.a, y) }), { a: a! }, x!),
      [random("a", [2]), random("x", [3, 2])],
    );
    holds(
      (a, x) => scan((s: { a: Tensor }, y: Tensor) => ({ state: { a: add(s.a, y) }, output: y }), { a: a! }, x!),
      [random("a", [2]), random("x", [0, 2])],
    );
  });

  test("a loop in a loop", () => {
    holds(
      (W, U, x, h) => {
        const outer = scan(
          (s: { h: Tensor }, y: Tensor) => {
            const inside = scan(rnnStep(W!, U!), s, y);
            return { state: inside.state, output: sum(inside.output, 0) };
          },
          { h: h! },
          x!,
        );
        return outer;
      },
      [random("W", [2, 3]), random("U", [3, 3]), random("x", [4, 3, 2, 2]), random("h", [2, 3])],
    );
  });

  test("rows are not shared out where one reads another", () => {
    const made = holds(
      (h, x) =>
        scan(
          (s: { h: Tensor }, y: Tensor) => ({ state: { h: add(matmul(y, s.h), s.h) }, output: sum(s.h) }),
          { h: h! },
          x!,
        ),
      [random("h", [3, 3]), random("x", [4, 3, 3])],
    );
    expect(loops(made.steps)[0]!.rows).toBeUndefined();
  });

  test("lengths, resets and reverse, with gradients", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { minLength: 2, maxLength: 2 }),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (lengths, reverse, withResets, optimized) => {
          const resets = tensor(
            Array.from({ length: 10 }, (_, i) => (i % 3 === 0 ? 1 : 0)),
            [5, 2],
            { dtype: "bool" },
          );
          const options = { lengths: tensor(Int32Array.from(lengths)), reverse, ...(withResets ? { resets } : {}) };
          const loss = (p: { W: Tensor; U: Tensor; b: Tensor; h: Tensor }, x: Tensor): Tensor => {
            const { output, state } = scan(gruStep(p.W, p.U, p.b), { h: p.h }, x, options);
            return add(sum(mul(output, output)), sum(exp(state.h)));
          };
          const [W, U, b, , h] = args;
          holds(
            (W, U, b, x, h) => valueAndGrad(loss)({ W: W!, U: U!, b: b!, h: h! }, x!),
            [W!, U!, b!, random("x", [5, 2, 3]), h!],
            optimized,
          );
        },
      ),
      { numRuns: 12 },
    );
  });
});

describe("before and after", () => {
  const args = [
    random("W", [3, 12]),
    random("U", [4, 12]),
    random("b", [12]),
    random("x", [6, 2, 3]),
    random("h", [2, 4]),
  ];
  const [W, U, b, x, h] = args;
  const loss = (p: { W: Tensor; U: Tensor; b: Tensor; h: Tensor }): Tensor =>
    sum(scan(gruStep(p.W, p.U, p.b), { h: p.h }, x!).output);
  const program = optimize(recordProgram(valueAndGrad(loss), [{ W: W!, U: U!, b: b!, h: h! }]).program);
  const passes = (made: Plan): number[] =>
    loops(made.steps).map(({ body }) => body.filter(({ kind }) => kind === "elementwise").length);

  test("fuse: a GRU's step, forwards and backwards, makes few passes instead of one for each operation", () => {
    const unfused = planProgram(program, { passes: { fuse: false } });
    const operations = program.nodes.flatMap(({ operation }) =>
      operation.op === "scan" ? [operation.body.nodes.filter(isElementwise).length] : [],
    );
    // Values that are kept for the gradient are copied to where they are kept by passes of their own.
    passes(unfused).forEach((count, i) => expect(count).toBeGreaterThanOrEqual(operations[i]!));
    expect(operations.every((count) => count > 10)).toBe(true);
    expect(passes(planProgram(program))).toEqual([1, 2]);
    for (const step of loops(unfused.steps).flatMap(({ body }) => body))
      if (step.kind === "elementwise") expect(step.stores).toHaveLength(1);
  });

  test("memory: buffers that are never in use together share memory", () => {
    const [apart, shared] = [planProgram(program, { passes: { memory: false } }), planProgram(program)];
    expect(apart.steps).toEqual(shared.steps);
    expect(shared.bytes).toBeLessThan(0.8 * apart.bytes);
    const ends = apart.buffers
      .map(({ offset, elements }) => [offset, offset + 4 * elements] as const)
      .toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
    ends.slice(1).forEach(([start], i) => expect(start).toBeGreaterThanOrEqual(ends[i]![1]));
  });
});

describe("state", () => {
  test("an updated weight is written over the old one where nothing reads it later", () => {
    const recorded = recordProgram(
      (w: Tensor, g: Tensor) => ({ w: add(w, mul(g, -0.1)) }),
      [random("w", [4]), random("g", [4])],
    ).program;
    const made = planProgram(recorded, { state: [{ input: 0, output: 0 }] });
    expect(made.steps).toHaveLength(1);
    const [step] = made.steps;
    expect(step?.kind === "elementwise" && step.stores[0]!.view).toEqual(made.inputs[0]);
  });

  test("states that are each other's next value are copied after both were read", () => {
    const recorded = recordProgram((a: Tensor, b: Tensor) => [b, a], [random("a", [4]), random("b", [4])]).program;
    const made = planProgram(recorded, {
      state: [
        { input: 0, output: 0 },
        { input: 1, output: 1 },
      ],
    });
    const after = { ...made, outputs: made.inputs };
    expect(interpret(after, [random("a", [4]), random("b", [4])])).toEqual([random("b", [4]), random("a", [4])]);
  });
});

test("f64 is refused, with the way out", () => {
  const recorded = recordProgram((a: Tensor) => exp(a), [tensor(Float64Array.of(1))]).program;
  expect(() => planProgram(recorded)).toThrow("f64 runs on the reference backend only");
});
