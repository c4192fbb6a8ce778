import {
  add,
  bernoulli,
  concat,
  convert,
  div,
  equal,
  evaluate,
  gather,
  key,
  keyFor,
  less,
  logSoftmax,
  matmul,
  max,
  mean,
  min,
  mul,
  neg,
  not,
  oneHot,
  reshape,
  scan,
  select,
  sigmoid,
  slice,
  split,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  tensor,
  recordProgram,
  transpose,
  uniform,
  valueAndGradAux,
  grad,
  type ArrayTensor,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isArray } from "@sluice/tensor/internal";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { optimize } from "../passes/optimize.ts";
import { planProgram } from "../plan/make.ts";
import type { LoopStep, Plan, Step } from "../plan/plan.ts";
import { interpret } from "../testing/interpret.ts";

const random = (name: string, shape: readonly number[], seed = 1): ArrayTensor => {
  const values = uniform(keyFor(key(seed), name), shape, { low: -1, high: 1 });
  if (!isArray(values)) throw new Error("expected values");
  return values;
};

const [B, T, I, H] = [5, 7, 3, 4];

type Weights = { W: Tensor; U: Tensor; b: Tensor };
const weights = (name: string, input: number, gates = 3) => ({
  W: random(`${name}.W`, [input, gates * H]),
  U: random(`${name}.U`, [H, gates * H]),
  b: random(`${name}.b`, [gates * H]),
});

interface Options {
  readonly lengths: Tensor;
  /** The state before the first step; default zeros. */
  readonly from?: Tensor;
  readonly reverse?: boolean;
  readonly normalize?: (x: Tensor) => Tensor;
}

/** x [time, batch, features] to the outputs and the last state. */
function gru(
  { W, U, b }: Weights,
  x: Tensor,
  { normalize = (a) => a, from = tensor(new Float32Array(B * H), [B, H]), ...options }: Options,
) {
  const step = (h: Tensor, xt: Tensor) => {
    const [xr, xz, xn] = split(add(normalize(matmul(xt, W)), b), 3);
    const [hr, hz, hn] = split(normalize(matmul(h, U)), 3);
    const z = sigmoid(add(xz!, hz!));
    const n = tanh(add(xn!, mul(sigmoid(add(xr!, hr!)), hn!)));
    const next = add(mul(z, h), mul(sub(1, z), n));
    return { state: next, output: next };
  };
  return scan(step, from, x, options);
}

const layerNorm = (x: Tensor): Tensor => {
  const centred = sub(x, mean(x, 1, { keep: true }));
  return div(centred, sqrt(add(mean(square(centred), 1, { keep: true }), 1e-5)));
};

/**
 * The plan of `f` gives the bits of the program that it was made from, for all given lengths; what is left out is
 * filled with NaN.
 */
function holds(
  f: (...args: Tensor[]) => Tree,
  args: readonly ArrayTensor[],
  lengths: readonly (readonly number[])[] = allLengths,
): Plan {
  const recorded = recordProgram(
    (...symbols: readonly Tensor[]) => f(...symbols),
    [tensor(Int32Array.from(lengths[0]!)), ...args],
  ).program;
  const program = optimize(recorded);
  const made = planProgram(program, { panelColumns: 8 });
  for (const of of lengths) {
    const given = [tensor(Int32Array.from(of)), ...args];
    const expected = evaluate(program, given).filter(isArray);
    interpret(made, given).forEach((value, i) =>
      expect(value, `lengths ${of.join()}, result ${i}`).toEqual(expected[i]),
    );
  }
  return made;
}

const allLengths = [
  [7, 5, 5, 2, 1],
  [7, 7, 7, 7, 7],
  [0, 0, 0, 0, 0],
  [1, 0, 7, 3, 0],
  [3, 3, 3, 0, 0],
];

/** The steps of a plan, with those inside of loops, and whether they are done for active rows alone. */
function workOf(steps: readonly Step[], inside?: LoopStep): { kind: string; rows: string }[] {
  return steps.flatMap((step) => {
    if (step.kind === "loop") return workOf(step.body, step);
    const positions = (step.kind === "matmul" || step.kind === "reduce") && step.positions !== undefined;
    return [{ kind: step.kind, rows: positions ? "positions" : (inside?.active?.part ?? "all") }];
  });
}

const products = (made: Plan): string[] =>
  workOf(made.steps)
    .filter(({ kind }) => kind === "matmul")
    .map(({ rows }) => rows);

describe("a layer over a ragged batch", () => {
  const w = weights("gru", I);
  const [x, g] = [random("x", [T, B, I]), random("g", [T, B, H])];
  const gradients = (lengths: Tensor, W: Tensor, U: Tensor, b: Tensor, x: Tensor, g: Tensor): Tree =>
    grad(({ x, ...w }: Weights & { x: Tensor }) => sum(mul(gru(w, x, { lengths }).output, g)))({ W, U, b, x });

  test("forwards: products on active rows, zeros beyond", () => {
    const made = holds(
      (lengths, W, U, b, x) => gru({ W: W!, U: U!, b: b! }, x!, { lengths: lengths! }),
      [w.W, w.U, w.b, x],
    );
    expect(products(made)).toEqual(["active", "active"]);
    expect(workOf(made.steps).filter(({ rows }) => rows === "over")).toEqual([{ kind: "elementwise", rows: "over" }]);
  });

  test("backwards: weight gradients take the active positions, and nothing works on all rows", () => {
    const made = holds((lengths, W, U, b, x, g) => gradients(lengths!, W!, U!, b!, x!, g!), [w.W, w.U, w.b, x, g]);
    expect(products(made).toSorted()).toEqual(["active", "active", "active", "active", "positions", "positions"]);
    expect(workOf(made.steps).filter(({ kind, rows }) => kind === "reduce" && rows !== "positions")).toEqual([]);
    const { program } = recordProgram(
      (lengths, W, U, b, x, g) => gradients(lengths!, W!, U!, b!, x!, g!),
      [tensor(Int32Array.from(allLengths[0]!)), w.W, w.U, w.b, x, g],
    );
    const without = planProgram(optimize(program), { panelColumns: 8, passes: { ragged: false } });
    expect(products(without).every((rows) => rows === "all")).toBe(true);
  });

  test("the last state alone, in reverse, with row statistics", () => {
    const last = (lengths: Tensor, W: Tensor, U: Tensor, b: Tensor, x: Tensor): Tree =>
      grad(({ x, ...w }: Weights & { x: Tensor }) =>
        sum(square(gru(w, x, { lengths, reverse: true, normalize: layerNorm }).state)),
      )({ W, U, b, x });
    const made = holds((lengths, W, U, b, x) => last(lengths!, W!, U!, b!, x!), [w.W, w.U, w.b, x]);
    expect(products(made)).not.toContain("all");
  });

  test("batch-major input and output, as layers have them", () => {
    const made = holds(
      (lengths, W, U, b, x, g) => {
        const loss = ({ x, ...w }: Weights & { x: Tensor }) => {
          const { output } = gru(w, transpose(x, [1, 0, 2]), { lengths: lengths! });
          return sum(mul(transpose(output, [1, 0, 2]), g!));
        };
        return grad(loss)({ W: W!, U: U!, b: b!, x: x! });
      },
      [w.W, w.U, w.b, random("x", [B, T, I]), random("g", [B, T, H])],
    );
    expect(products(made)).not.toContain("all");
  });
});

describe("lengths that the program computes", () => {
  const w = weights("gru", I);
  const args = [w.W, w.U, w.b, random("x", [T, B, I]), random("g", [T, B, H])];
  const gradients =
    (lengthsOf: (lengths: Tensor) => Tensor) =>
    (given: Tensor, W: Tensor, U: Tensor, b: Tensor, x: Tensor, g: Tensor): Tree => {
      const lengths = lengthsOf(given);
      return {
        gradients: grad(({ x, ...w }: Weights & { x: Tensor }) => sum(mul(gru(w, x, { lengths }).output, g)))({
          W,
          U,
          b,
          x,
        }),
        lengths,
      };
    };
  const made = (lengthsOf: (lengths: Tensor) => Tensor): Plan => {
    const f = gradients(lengthsOf);
    return holds((lengths, W, U, b, x, g) => f(lengths!, W!, U!, b!, x!, g!), args);
  };

  test("from other lengths, or from which steps of a row are there", () => {
    expect(products(made((lengths) => max(sub(lengths, 2), 0)))).not.toContain("all");
    expect(products(made((lengths) => reshape(add(reshape(min(lengths, 3), [B, 1]), 1), [B])))).not.toContain("all");
    const steps = tensor(Int32Array.from({ length: T }, (_, t) => t));
    expect(products(made((lengths) => sum(convert(less(steps, reshape(lengths, [B, 1])), "i32"), 1)))).not.toContain(
      "all",
    );
  });

  test("not from other work", () => {
    const selected = (lengths: Tensor): Tensor =>
      min(lengths, convert(sum(matmul(convert(reshape(lengths, [B, 1]), "f32"), tensor([1, 1], [1, 2])), 1), "i32"));
    expect(products(made(selected))).toContain("all");
  });

  test("a loop that goes on where another one ended", () => {
    const two = (lengths: Tensor, W: Tensor, U: Tensor, b: Tensor, x: Tensor): Tree =>
      grad(({ x, ...w }: Weights & { x: Tensor }) => {
        const first = gru(w, slice(x, [0, 0, 0], [3, B, I]), { lengths: min(lengths, 3) });
        const rest = gru(w, slice(x, [3, 0, 0], [T, B, I]), { lengths: max(sub(lengths, 3), 0), from: first.state });
        return add(sum(square(rest.state)), add(sum(first.output), sum(rest.output)));
      })({ W, U, b, x });
    expect(products(holds((lengths, W, U, b, x) => two(lengths!, W!, U!, b!, x!), args.slice(0, 4)))).not.toContain(
      "all",
    );
  });
});

describe("what lies around layers", () => {
  test("two layers, the second in both directions", () => {
    const [one, two, three] = [weights("one", I), weights("two", H), weights("three", H)];
    const made = holds(
      (lengths, ...args) => {
        const [W1, U1, b1, W2, U2, b2, W3, U3, b3, x, g] = args as Tensor[];
        const options = { lengths: lengths! };
        const loss = (p: { one: Weights; two: Weights; three: Weights }) => {
          const first = gru(p.one, x!, options).output;
          const both = concat(
            [gru(p.two, first, options).output, gru(p.three, first, { ...options, reverse: true }).output],
            2,
          );
          return sum(mul(both, g!));
        };
        return grad(loss)({
          one: { W: W1!, U: U1!, b: b1! },
          two: { W: W2!, U: U2!, b: b2! },
          three: { W: W3!, U: U3!, b: b3! },
        });
      },
      [
        one.W,
        one.U,
        one.b,
        two.W,
        two.U,
        two.b,
        three.W,
        three.U,
        three.b,
        random("x", [T, B, I]),
        random("g", [T, B, 2 * H]),
      ],
    );
    expect(products(made)).not.toContain("all");
  });

  test("an embedding in front and a readout of every step behind", () => {
    const w = weights("gru", I);
    holds(
      (lengths, E, W, U, b, R, tokens) => {
        const loss = ({ E, R, ...w }: Weights & { E: Tensor; R: Tensor }) => {
          const { output } = gru(w, gather(E, tokens!), { lengths: lengths! });
          return mean(square(add(reshape(matmul(reshape(output, [T * B, H]), R), [T, B, 2]), 1)));
        };
        return grad(loss)({ E: E!, R: R!, W: W!, U: U!, b: b! });
      },
      [
        random("E", [6, I]),
        w.W,
        w.U,
        w.b,
        random("R", [H, 2]),
        tensor(
          Int32Array.from({ length: T * B }, (_, i) => (i * 5) % 6),
          [T, B],
        ),
      ],
    );
  });

  describe("a readout of every step and its loss", () => {
    const w = weights("gru", I);
    const O = 5;
    const before = (lengths: Tensor): Tensor =>
      less(tensor(Int32Array.from({ length: T }, (_, t) => t)), reshape(lengths, [B, 1]));
    const args = [w.W, w.U, w.b, random("R", [H, O]), random("c", [O]), random("x", [B, T, I]), random("y", [B, T, O])];
    type Params = Weights & { R: Tensor; c: Tensor };

    /**
     * Loss and gradients of [batch, time, outputs] from a layer that is batch first; `loss` gives one of each step
     * [batch, time].
     */
    const trained = (
      loss: (logits: Tensor, y: Tensor, lengths: Tensor) => Tensor,
      wanted: (logits: Tensor) => Tree = () => ({}),
    ): Plan =>
      holds((lengths, W, U, b, R, c, x, y) => {
        const { value, gradient, aux } = valueAndGradAux((p: Params) => {
          const output = transpose(gru(p, transpose(x!, [1, 0, 2]), { lengths: lengths! }).output, [1, 0, 2]);
          const logits = add(matmul(output, p.R), p.c);
          return { value: reshape(sum(reshape(loss(logits, y!, lengths!), [B * T, 1]), 0), []), aux: wanted(logits) };
        })({ W: W!, U: U!, b: b!, R: R!, c: c! });
        return { gradient, value, aux };
      }, args);
    const reductions = (made: Plan): string[] =>
      workOf(made.steps)
        .filter(({ kind }) => kind === "reduce")
        .map(({ rows }) => rows);
    const masked = (lengths: Tensor, x: Tensor): Tensor => select(reshape(before(lengths), [B, T, 1]), x, 0);

    test("squared errors, selected before they are made", () => {
      const made = trained((logits, y, lengths) => sum(square(masked(lengths, sub(logits, y))), 2));
      expect(products(made).toSorted()).toEqual([
        ...new Array<string>(5).fill("active"),
        ...new Array<string>(3).fill("positions"),
      ]);
      expect(reductions(made)).not.toContain("all");
    });

    test("errors times a mask of 0 and 1, as weights are", () => {
      const made = trained((logits, y, lengths) => {
        const mask = convert(before(lengths), "f32");
        const kept = (x: Tensor): Tensor => select(not(equal(reshape(mask, [B, T, 1]), 0)), x, 0);
        return mul(sum(square(sub(kept(logits), kept(y))), 2), mask);
      });
      expect(products(made)).not.toContain("all");
      expect(reductions(made)).not.toContain("all");
    });

    test("cross-entropy of classes", () => {
      const made = trained((logits, y, lengths) => {
        const target = convert(mul(add(sum(y, 2), 5), 0.4), "i32");
        return neg(select(before(lengths), sum(mul(oneHot(target, O), logSoftmax(masked(lengths, logits))), 2), 0));
      });
      expect(products(made)).not.toContain("all");
      expect(reductions(made)).not.toContain("all");
    });

    test("a hidden layer of its own with dropout", () => {
      const made = trained((logits, y, lengths) => {
        const drop = (x: Tensor): Tensor =>
          mul(x, convert(bernoulli(reshape(slice(lengths, [0], [2]), [2]), x.shape, 0.5), "f32"));
        const hidden = drop(tanh(transpose(drop(transpose(logits, [1, 0, 2])), [1, 0, 2])));
        return sum(masked(lengths, sigmoid(sub(matmul(hidden, random("R2", [O, O])), y))), 2);
      });
      expect(products(made)).not.toContain("all");
      expect(
        workOf(made.steps)
          .filter(({ kind }) => kind === "randomBits")
          .map(({ rows }) => rows),
      ).toEqual(["active", "active"]);
    });

    test("whose predictions are wanted too, at every step: these are computed beyond the lengths", () => {
      const made = trained(
        (logits, y, lengths) => sum(square(masked(lengths, sub(logits, y))), 2),
        (logits) => logits,
      );
      expect(products(made)).toContain("positions");
    });

    test("one sum over all elements, which keeps each in its place", () => {
      const w2 = args.slice(0, 3);
      holds(
        (lengths, W, U, b, x) => {
          const output = transpose(
            gru({ W: W!, U: U!, b: b! }, transpose(x!, [1, 0, 2]), { lengths: lengths! }).output,
            [1, 0, 2],
          );
          return [
            sum(masked(lengths!, add(output, 1))),
            sum(mul(convert(before(lengths!), "f32"), 3)),
            max(masked(lengths!, output), 0.25),
          ];
        },
        [...w2, random("x", [B, T, I])],
      );
    });

    test("of other lengths, of steps beyond the lengths, of all steps", () => {
      trained((logits, y, lengths) => sum(square(masked(min(lengths, 3), sub(logits, y))), 2));
      trained((logits, y, lengths) => sum(square(masked(min(add(lengths, 1), T), sub(logits, y))), 2));
      trained((logits, y, lengths) =>
        sum(select(not(reshape(before(lengths), [B, T, 1])), square(sub(logits, y)), 0), 2),
      );
      trained((logits, y) => sum(square(sub(logits, y)), 2));
    });
  });

  test("readers of everything, of parts and of nothing", () => {
    const w = weights("gru", I);
    holds(
      (lengths, W, U, b, x) => {
        const hidden = matmul(reshape(tanh(x!), [T * B, I]), W!);
        const { output, state } = gru({ W: W!, U: U!, b: b! }, tanh(x!), { lengths: lengths! });
        const first = slice(output, [0, 0, 0], [1, B, H]);
        return {
          hidden,
          first,
          state,
          total: sum(output, 1),
          lines: sum(output, 2),
          shifted: add(output, 1),
          same: stopGradient(output),
        };
      },
      [w.W, w.U, w.b, random("x", [T, B, I])],
    );
  });
});

test("random lengths, and two batches with lengths of their own", () => {
  const w = weights("gru", I);
  const x = random("x", [T, B, I]);
  const f = (lengths: Tensor, others: Tensor, W: Tensor, U: Tensor, b: Tensor, x: Tensor): Tree =>
    grad((w: Weights) => {
      const output = gru(w, x, { lengths }).output;
      return add(sum(output), sum(square(gru(w, mul(x, 0.5), { lengths: others }).output)));
    })({ W, U, b });
  const { program } = recordProgram(f, [tensor(new Int32Array(B)), tensor(new Int32Array(B)), w.W, w.U, w.b, x]);
  const optimized = optimize(program);
  const made = planProgram(optimized, { panelColumns: 8 });
  const lengths = fc.array(fc.nat(T), { minLength: B, maxLength: B }).map((values) => tensor(Int32Array.from(values)));
  fc.assert(
    fc.property(lengths, lengths, (one, other) => {
      const given = [one, other, w.W, w.U, w.b, x];
      const expected = evaluate(optimized, given);
      interpret(made, given).forEach((value, i) => expect(value).toEqual(expected[i]));
    }),
    { numRuns: 40 },
  );
});
