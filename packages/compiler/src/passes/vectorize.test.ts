import {
  add,
  argmax,
  bernoulli,
  concat,
  convert,
  cumulativeSum,
  evaluate,
  gather,
  grad,
  key,
  keyAt,
  matmul,
  mul,
  normal,
  reduceMax,
  scan,
  scatterAdd,
  select,
  sigmoid,
  slice,
  softmax,
  square,
  stack,
  sum,
  take,
  tanh,
  tensor,
  tensorsOf,
  recordProgram,
  transpose,
  uniform,
  valuesOf,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { isArray, placeholder } from "@sluice/tensor/internal";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { optimize } from "./optimize.ts";
import { vectorize } from "./vectorize.ts";

const f64 = { dtype: "f64" } as const;
/** What each has of its own: x [2, 3], ids i32 [4], a key i32 [2], a number n i32 []. */
type Own = { readonly x: Tensor; readonly ids: Tensor; readonly key: Tensor; readonly n: Tensor };
type Shared = { readonly W: Tensor; readonly table: Tensor };

const recurrent = ({ W }: Shared, x: Tensor): Tensor =>
  scan(
    // `same` and `sum` begin alike for all; only `sum` comes to differ, in the second step by way of `h`.
    ({ h, sum: total, same }: { h: Tensor; sum: Tensor; same: Tensor }, xt: Tensor) => {
      const next = tanh(add(matmul(h, W), xt));
      return { state: { h: next, sum: add(total, square(h)), same: mul(same, 0.5) }, output: add(total, same) };
    },
    { h: tensor([0, 0, 0], [1, 3], f64) as Tensor, sum: tensor([0, 0, 0], [1, 3], f64) as Tensor, same: take(W, 0) },
    stack([slice(x, [0, 0], [1, 3]), slice(x, [1, 0], [2, 3])]),
  ).output;

const functions: Record<string, (shared: Shared, own: Own) => Tree> = {
  "a product with a shared matrix, and one with its own": ({ W }, { x }) => [
    matmul(x, W),
    matmul(W, transpose(x)),
    matmul(x, transpose(x)),
  ],
  "elementwise work and broadcasts of what is shared": ({ W }, { x }) => sigmoid(add(mul(x, take(W, 1)), 2)),
  "what depends on nothing of its own": ({ W }) => square(W),
  reductions: (_, { x }) => [sum(x), sum(x, 0), reduceMax(x, 1), cumulativeSum(x, 1), softmax(x), argmax(x)],
  layout: (_, { x }) => [concat([x, x], 1), slice(x, [0, 1], [2, 3]), transpose(x), take(x, 1)],
  "rows of a shared table and of its own, with indices outside": ({ table }, { x, ids }) => [
    gather(table, ids),
    gather(transpose(x), ids),
    gather(x, tensor(Int32Array.of(1, 0, 7))),
  ],
  "rows added up": ({ table }, { x, ids }) => [
    scatterAdd(ids, table, 3),
    scatterAdd(tensor(Int32Array.of(2, 2)), x, 4),
    scatterAdd(ids, gather(transpose(x), ids), 2),
  ],
  "random numbers by a key of its own, and by a number of its own": (_, { key: own, n }) => [
    uniform(own, [5]),
    bernoulli(keyAt(key(3), n), [2, 2], 0.5),
  ],
  "a loop": (shared, { x }) => recurrent(shared, x),
  "a loop with random numbers in each step": ({ W }, { x, key: own }) =>
    scan(
      ({ h, i }: { h: Tensor; i: Tensor }, xt: Tensor) => ({
        state: { h: select(bernoulli(keyAt(own, i), [3], 0.5), add(h, xt), h), i: add(i, 1) },
        output: h,
      }),
      { h: take(W, 0), i: tensor(Int32Array.of(0), []) as Tensor },
      x,
    ).output,
  "the gradient of a loop": (shared, { x }) =>
    grad(({ W }: { W: Tensor }) => sum(square(recurrent({ ...shared, W }, x))))({ W: shared.W }),
  "the gradient of an embedding": ({ table }, { x, ids }) =>
    grad((rows: Tensor) => sum(square(matmul(gather(rows, ids), transpose(x)))))(table),
};

function given(seed: number, count: number): { readonly shared: Shared; readonly own: Own } {
  return {
    shared: { W: normal(key(seed), [3, 3], f64), table: normal(key(seed + 1), [4, 3], f64) },
    own: {
      x: normal(key(seed + 2), [count, 2, 3], f64),
      ids: convert(uniform(key(seed + 3), [count, 4], { low: -1, high: 5 }), "i32"),
      key: convert(uniform(key(seed + 4), [count, 2], { high: 1e6 }), "i32"),
      n: tensor(Int32Array.from({ length: count }, (_, i) => 7 * i)),
    },
  };
}

describe.each(Object.entries(functions))("%s", (_, f) => {
  test("for all at once is what it is for each alone", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 4 }), fc.boolean(), (seed, count, optimized) => {
        const { shared, own } = given(seed, count);
        const one = {
          x: placeholder({ shape: [2, 3], dtype: "f64" }),
          ids: placeholder({ shape: [4], dtype: "i32" }),
          key: placeholder({ shape: [2], dtype: "i32" }),
          n: placeholder({ shape: [], dtype: "i32" }),
        };
        const { program } = recordProgram(f, [shared, one]);
        const all = vectorize(
          optimized ? optimize(program) : program,
          [
            ...tensorsOf(shared).map((x) => ({ tensor: x, stacked: false })),
            ...tensorsOf(own).map((x) => ({ tensor: x, stacked: true })),
          ],
          count,
        );
        for (let i = 0; i < count; i++) {
          const row = tensorsOf(own)
            .map((x) => take(x, i))
            .filter(isArray);
          const expected = evaluate(program, [...tensorsOf(shared).filter(isArray), ...row]);
          expected.forEach((y, o) => {
            const got = all[o]!.stacked ? take(all[o]!.tensor, i) : all[o]!.tensor;
            expect([got.shape, got.dtype]).toEqual([y.shape, y.dtype]);
            const values = valuesOf(got);
            valuesOf(y).forEach((v, j) =>
              expect(Math.abs(values[j]! - v)).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(v))),
            );
          });
        }
      }),
      { numRuns: 12 },
    );
  });
});

test("a recurrent layer for all at once is as many loops as for one, each with one product for all", () => {
  const { shared } = given(1, 1);
  const x = placeholder({ shape: [2, 3], dtype: "f64" });
  const loss = (W: Tensor, own: Tensor): Tensor => sum(square(recurrent({ ...shared, W }, own)));
  const { program } = recordProgram(grad(loss), [shared.W, x]);
  const optimized = optimize(program);
  const loops = (nodes: typeof program.nodes): number => nodes.filter((node) => node.operation.op === "scan").length;
  const { program: all } = recordProgram(
    (W: Tensor, own: Tensor) =>
      vectorize(
        optimized,
        [
          { tensor: W, stacked: false },
          { tensor: own, stacked: true },
        ],
        5,
      ).map(({ tensor: y }) => y),
    [shared.W, placeholder({ shape: [5, 2, 3], dtype: "f64" })],
  );
  expect(loops(all.nodes)).toBe(loops(optimized.nodes));
});
