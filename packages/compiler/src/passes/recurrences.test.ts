// Cells whose steps are other than a product by a matrix: a matrix memory, a diagonal and a block-diagonal recurrence.
// What leaves their loops, what it takes, and that it is the same.
import {
  abs,
  add,
  div,
  evaluate,
  exp,
  expand,
  key,
  matmul,
  max,
  min,
  mul,
  relu,
  reshape,
  scan,
  sigmoid,
  sliceAxis,
  split,
  square,
  sum,
  tanh,
  tensor,
  recordProgram,
  transpose,
  uniform,
  valueAndGrad,
  valuesOf,
  type ArrayTensor,
  type Program,
  type Tensor,
} from "@sluice/tensor";
import { isArray, sizeOf, widen, zerosArray } from "@sluice/tensor/internal";
import { expect, test } from "vitest";
import { planWithin, type Passes } from "../budget.ts";
import { optimize } from "./optimize.ts";

interface Sizes {
  readonly batch: number;
  readonly time: number;
  readonly hidden: number;
}

/**
 * mLSTM (Beck et al. 2024, arXiv:2405.04517): C' = f C + i v k^T, h = o (C' q) / max(|n' q|, 1). W holds q, k, v, o, i
 * and f side by side.
 */
const mLSTM = ({ batch, time, hidden: d }: Sizes): Program =>
  training(
    ([W, b], xs) =>
      scan(
        ({ C, n }: { C: Tensor; n: Tensor }, x: Tensor) => {
          const gates = add(matmul(x, W!), b!);
          const part = (i: number, width = d): Tensor => sliceAxis(gates, 1, i, i + width);
          const [q, k, v, o] = [part(0), mul(part(d), 1 / Math.sqrt(d)), part(2 * d), sigmoid(part(3 * d))];
          const [i, f] = [exp(min(part(4 * d, 1), 5)), sigmoid(part(4 * d + 1, 1))];
          const outer = mul(expand(v, 2), expand(k, 1));
          const next = { C: add(mul(expand(f, 2), C), mul(expand(i, 2), outer)), n: add(mul(f, n), mul(i, k)) };
          const read = reshape(matmul(next.C, expand(q, 2)), [batch, d]);
          return { state: next, output: mul(o, div(read, max(abs(sum(mul(next.n, q), 1, { keep: true })), 1))) };
        },
        { C: zerosArray([batch, d, d]) as Tensor, n: zerosArray([batch, d]) as Tensor },
        xs,
      ).output,
    [[d, 4 * d + 2], [4 * d + 2]],
    [time, batch, d],
  );

/** IndRNN (Li et al. 2018, arXiv:1803.04831): h' = relu(W x + u h + b), u a vector. */
const indRNN = ({ batch, time, hidden: d }: Sizes): Program =>
  training(
    ([W, u, b], xs) =>
      scan(
        (h: Tensor, x: Tensor) => {
          const next = relu(add(add(matmul(x, W!), mul(u!, h)), b!));
          return { state: next, output: next };
        },
        zerosArray([batch, d]) as Tensor,
        xs,
      ).output,
    [[d, d], [d], [d]],
    [time, batch, d],
  );

const heads = 4;

/**
 * An LSTM whose recurrent matrix has a block for each head, as sLSTM's has (Beck et al. 2024): R [heads, width, 4
 * width].
 */
const blockLSTM = ({ batch, time, hidden: d }: Sizes): Program =>
  training(
    ([W, R, b], xs) =>
      scan(
        ({ c, h }: { c: Tensor; h: Tensor }, x: Tensor) => {
          const byHead = transpose(reshape(h, [batch, heads, d / heads]), [1, 0, 2]);
          const recurrent = reshape(transpose(matmul(byHead, R!), [1, 0, 2]), [batch, 4 * d]);
          const gates = transpose(
            reshape(add(add(matmul(x, W!), recurrent), b!), [batch, heads, 4, d / heads]),
            [0, 2, 1, 3],
          );
          const [z, i, f, o] = split(reshape(gates, [batch, 4 * d]), 4);
          const next = add(mul(sigmoid(f!), c), mul(sigmoid(i!), tanh(z!)));
          const output = mul(sigmoid(o!), tanh(next));
          return { state: { c: next, h: output }, output };
        },
        { c: zerosArray([batch, d]) as Tensor, h: zerosArray([batch, d]) as Tensor },
        xs,
      ).output,
    [[d, 4 * d], [heads, d / heads, 4 * (d / heads)], [4 * d]],
    [time, batch, d],
  );

/** The loss and its gradients by weights of the given shapes, as a program of these and a sequence. */
function training(
  outputs: (weights: readonly Tensor[], xs: Tensor) => Tensor,
  weights: readonly (readonly number[])[],
  xs: readonly number[],
): Program {
  const f = valueAndGrad((all: readonly Tensor[], x: Tensor) => sum(square(outputs(all, x))));
  return recordProgram(
    (all: readonly Tensor[], x: Tensor) => f(all, x),
    [weights.map((shape) => random(shape)), random(xs)],
  ).program;
}

function random(shape: readonly number[]): ArrayTensor {
  const values = uniform(key(sizeOf(shape)), shape, { low: -0.25, high: 0.25 });
  if (!isArray(values)) throw new Error("values were expected");
  return values;
}

const cells = { mLSTM, indRNN, blockLSTM };
const large: Sizes = { batch: 32, time: 100, hidden: 64 };

test.each(Object.entries(cells))("%s: the passes change nothing but the order of sums", (_, make) => {
  for (const sizes of [
    { batch: 3, time: 4, hidden: 8 },
    { batch: 1, time: 1, hidden: 4 },
    { batch: 2, time: 5, hidden: 4 },
  ]) {
    const wide = widen(make(sizes));
    const args = wide.inputs.map((x) => tensor(Float64Array.from(random(x.shape).data), x.shape));
    const [expected, found] = [wide, optimize(wide)].map((program) =>
      evaluate(program, args).map((y) => [...valuesOf(y)]),
    );
    expected!.forEach((values, i) => {
      const scale = Math.max(...values.map(Math.abs));
      values.forEach((value, j) => expect(Math.abs(value - found![i]![j]!)).toBeLessThanOrEqual(1e-13 * scale));
    });
  }
});

const bytes = (program: Program, passes: Passes = {}): number =>
  planWithin(program, { panelColumns: 8, passes }).plan.bytes;
const loopsOf = (program: Program, options = {}): Program[] =>
  optimize(program, options).nodes.flatMap(({ operation }) => (operation.op === "scan" ? [operation.body] : []));
const products = (body: Program): string[] =>
  body.nodes.flatMap(({ operation, outputs }) => (operation.op === "matmul" ? [outputs[0]!.shape.join("x")] : []));

test("a matrix memory: outer products stay in the step, and the product with the weights leaves it", () => {
  const program = mLSTM(large);
  // With outer products and what is made of them over all steps it was 218 MB; without the pass it is 67.
  expect(bytes(program)).toBeLessThan(1.02 * bytes(program, { hoist: false }));
  const [forward] = loopsOf(program);
  expect(products(loopsOf(program, { hoist: false })[0]!)).toContain("32x258");
  expect(products(forward!)).not.toContain("32x258");
  // The projection of the input, [3200, 258], is what it costs.
  expect(bytes(program) - bytes(program, { hoist: false })).toBeLessThan(4 * 3200 * 258);
});

test("hoist: a product with weights leaves the loop though what it is computed of has grown somewhat, as one-hot codes have, but not with a matrix for each row", () => {
  const hoisted = (width: number, outer: boolean): boolean => {
    const make = (xs: Tensor, W: Tensor): Tensor =>
      scan(
        (h: Tensor, x: Tensor) => {
          const grown = outer
            ? reshape(mul(expand(x, 2), expand(x, 1)), [8, width * width])
            : mul(
                sliceAxis(x, 1, 0, 1),
                tensor(
                  Array.from({ length: width }, (_, i) => i),
                  [1, width],
                ),
              );
          return { state: tanh(add(h, matmul(grown, W))), output: [] };
        },
        zerosArray([8, 16]) as Tensor,
        xs,
      ).state;
    const { program } = recordProgram(make, [random([5, 8, width]), random([outer ? width * width : width, 16])]);
    return products(loopsOf(program)[0]!).length === 0;
  };
  expect(hoisted(32, false)).toBe(true);
  expect(hoisted(32, true)).toBe(false);
});

test("a block-diagonal recurrence: the gradient of the blocks leaves the loop as one product for each", () => {
  const program = blockLSTM(large);
  const [, backward] = loopsOf(program);
  const [, without] = loopsOf(program, { sink: false });
  expect(products(without!)).toContain("4x16x64");
  expect(products(backward!)).not.toContain("4x16x64");
  expect(
    optimize(program).nodes.filter(
      ({ operation, outputs }) => operation.op === "matmul" && outputs[0]!.shape.join() === "16,64",
    ).length,
  ).toBe(heads);
  // What the products read was stacked before; only the projection of the input, [3200, 256], which hoist makes, is one
  // more.
  expect(bytes(program) - bytes(program, { hoist: false, sink: false })).toBeLessThan(4 * 3200 * 256);
});

test("a diagonal recurrence: the sum over rows leaves the loop, which adds up elements; nothing more is stacked", () => {
  const program = indRNN(large);
  const [, backward] = loopsOf(program);
  const [, without] = loopsOf(program, { sink: false });
  const sums = (body: Program): number => body.nodes.filter(({ operation }) => operation.op === "reduceSum").length;
  expect([sums(without!), sums(backward!)]).toEqual([2, 0]);
  expect(bytes(program)).toBe(bytes(program, { sink: false }));
});
