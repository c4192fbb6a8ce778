// What the values are, to the bit: orders of sums, roundings, edges. Every deterministic backend keeps these.
import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import * as t from "../index.ts";
import * as internal from "../internal.ts";
import { positiveTerms } from "../testing/random.ts";
import type { DType, Shape, Tensor } from "../index.ts";

vi.setConfig({ testTimeout: 60_000 });

const round = Math.fround;
const values = (x: Tensor): number[] => [...t.valuesOf(x)];
const f32 = (data: number[], shape?: Shape): Tensor => t.tensor(data, shape);
const draw = (seed: number, shape: Shape, dtype: DType = "f32"): Tensor => t.normal(t.key(seed), shape, { dtype });
const dims = fc.integer({ min: 0, max: 9 });
const seeds = fc.nat(1e6);

const adding =
  (dtype: "f32" | "f64") =>
  (a: number, b: number): number =>
    dtype === "f32" ? round(a + b) : a + b;
const cut = (terms: readonly number[], length: number): number[][] =>
  Array.from({ length: Math.ceil(terms.length / length) }, (_, i) => terms.slice(i * length, (i + 1) * length));

/** Totals in a binary tree: the largest power of two of them on the left. */
function tree(totals: readonly number[], add: (a: number, b: number) => number): number {
  if (totals.length < 2) return totals[0] ?? 0;
  const left = 2 ** (31 - Math.clz32(totals.length - 1));
  return add(tree(totals.slice(0, left), add), tree(totals.slice(left), add));
}

function paired(terms: readonly number[], block: number, dtype: "f32" | "f64"): number {
  const add = adding(dtype);
  return tree(
    cut(terms, block).map((part) => part.reduce(add, 0)),
    add,
  );
}

/** Around the borders of blocks, and of blocks of four lanes. */
const lengths = fc.oneof(
  fc.integer({ min: 0, max: 70 }),
  fc.integer({ min: 120, max: 135 }),
  fc.integer({ min: 250, max: 260 }),
  fc.integer({ min: 1000, max: 1100 }),
);

describe("sums", () => {
  const big = 2 ** 24;
  test("along the innermost axis: four lanes, then (p0 + p2) + (p1 + p3)", () => {
    // 1 is lost next to 2^24 in one lane; in lanes of their own two of them meet first.
    expect(values(t.sum(f32([big, 0, 0, 0, 1, 0, 0, 0, 1])))).toEqual([big]);
    expect(values(t.sum(f32([big, 1, 0, 1])))).toEqual([big + 2]);
    expect(values(t.sum(f32([big, 1, -big, 1])))).toEqual([2]);
    expect(values(t.sum(f32([big, -big, 1, 0])))).toEqual([0]);
  });

  test("along another axis: in order of the index", () => {
    expect(values(t.sum(f32([big, 1, 1, -big], [4, 1]), 0))).toEqual([0]);
    expect(values(t.sum(f32([1, 1, big, -big], [4, 1]), 0))).toEqual([2]);
  });

  test("neighbouring axes are summed as one", () => {
    const x = draw(3, [3, 2, 5]);
    expect(t.sum(x, [1, 2])).toEqual(t.sum(t.reshape(x, [3, 10]), 1));
    expect(t.sum(x)).toEqual(t.sum(t.reshape(x, [30])));
    expect(t.sum(x, [0, 1])).toEqual(t.sum(t.reshape(x, [6, 5]), 0));
    expect(t.sum(x, [0, 2])).toEqual(t.sum(t.sum(x, 2), 0));
  });

  test("in blocks of 32, which are added in pairs, for any length and along any axis", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 }),
        lengths,
        fc.constantFrom("f32" as const, "f64" as const),
        seeds,
        (rows, length, dtype, seed) => {
          const x = draw(seed, [length, rows], dtype);
          const column = (i: number): number[] => Array.from({ length }, (_, k) => t.valuesOf(x)[k * rows + i]!);
          const expected = Array.from({ length: rows }, (_, i) => paired(column(i), 32, dtype));
          expect(values(t.sum(x, 0))).toEqual(expected);
          expect(values(t.sum(t.reshape(x, [length, rows, 1]), 0, { keep: true }))).toEqual(expected);
          // Along the innermost axis each of four lanes is such a sum.
          const add = adding(dtype);
          const lanes = (all: number[]): number[] =>
            [0, 1, 2, 3].map((lane) =>
              paired(
                all.filter((_, k) => k % 4 === lane),
                32,
                dtype,
              ),
            );
          const combined = Array.from({ length: rows }, (_, i) => lanes(column(i))).map(([a, b, c, d]) =>
            add(add(a!, c!), add(b!, d!)),
          );
          expect(values(t.sum(t.transpose(x), 1))).toEqual(combined);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("a running sum starts anew every 32 elements, after what the blocks before come to", () => {
    fc.assert(
      fc.property(lengths, fc.boolean(), seeds, (length, reverse, seed) => {
        const x = draw(seed, [length]);
        const terms = reverse ? values(x).toReversed() : values(x);
        const blocks = cut(terms, 32).map((block) => block.reduce((sum, v) => round(sum + v)));
        const expected = terms.map((_, i) => {
          const inBlock = cut(terms, 32)
            [i >> 5]!.slice(0, (i & 31) + 1)
            .reduce((sum, v) => round(sum + v));
          return i < 32 ? inBlock : round(tree(blocks.slice(0, i >> 5), adding("f32")) + inBlock);
        });
        expect(values(t.cumulativeSum(x, 0, { reverse }))).toEqual(reverse ? expected.toReversed() : expected);
      }),
    );
    expect(Object.is(values(t.cumulativeSum(f32([-0, -0]), 0))[1], -0)).toBe(true);
  });

  const within = (sum: number, exact: number): boolean => Math.abs(sum - exact) <= exact * 2 ** -20;
  // What full([n], c) adds up to is n times the float nearest to c, exactly in f64.
  test.each([[0], [1]])("2,500,000 times 0.1, axis %i", (axis) => {
    const shape = axis === 0 ? [2_500_000, 2] : [2, 2_500_000];
    for (const total of values(t.sum(t.full(shape, 0.1), axis)))
      expect(within(total, 2_500_000 * round(0.1)), `${total}`).toBe(true);
  });

  test("10^7 positive terms lose at most 2^-20, along every axis", { timeout: 600_000 }, () => {
    const n = 1e7;
    const { data, exact } = positiveTerms(n);
    const x = t.tensor(data);
    for (const shape of [[n], [n, 1], [1, n], [1, n, 1], [1000, 1e4]]) {
      const [total] = values(t.sum(t.reshape(x, shape)));
      expect(within(total!, exact), `${shape.join()}: ${total} for ${exact}`).toBe(true);
    }
    expect(within(values(t.cumulativeSum(x, 0)).at(-1)!, exact)).toBe(true);
    expect(within(t.item(t.scatterAdd(t.tensor(new Int32Array(n)), x, 1)), exact)).toBe(true);
  });

  test("of i32 wrap around", () => {
    expect(values(t.sum(t.tensor(Int32Array.of(2147483647, 1))))).toEqual([-2147483648]);
  });

  test("keep the axis where asked, and count axes from the end", () => {
    const x = f32([1, 2, 3, 4, 5, 6], [2, 3]);
    expect(t.sum(x, -1, { keep: true })).toEqual(f32([6, 15], [2, 1]));
    expect(t.mean(x, [0, 1], { keep: true })).toEqual(f32([3.5], [1, 1]));
    expect(t.reduceMax(x, [])).toBe(x);
  });
});

test("a product starts at 0 and adds its products in order of k, each rounded before it is added, 512 at a time", () => {
  fc.assert(
    fc.property(
      dims,
      fc.oneof(dims, fc.integer({ min: 506, max: 518 }), fc.integer({ min: 1000, max: 2600 })),
      dims,
      seeds,
      (m, k, n, seed) => {
        const [a, b] = [draw(seed, [m, k]), draw(seed + 1, [k, n])];
        const [x, y] = [t.valuesOf(a), t.valuesOf(b)];
        const products = (row: number, column: number): number[] =>
          Array.from({ length: k }, (_, p) => round(x[row * k + p]! * y[p * n + column]!));
        const expected = Array.from({ length: m * n }, (_, at) =>
          paired(products(Math.floor(at / n), at % n), 512, "f32"),
        );
        expect(t.matmul(a, b)).toEqual(f32(expected, [m, n]));
      },
    ),
  );
  // (2^24 + 1) + 1 loses both; 1 + 1 + 2^24 loses none.
  expect(values(t.matmul(f32([2 ** 24, 1, 1], [1, 3]), f32([1, 1, 1], [3, 1])))).toEqual([2 ** 24]);
  expect(values(t.matmul(f32([1, 1, 2 ** 24], [1, 3]), f32([1, 1, 1], [3, 1])))).toEqual([2 ** 24 + 2]);
});

test("a product over batch axes is one product for each, and a vector's axis disappears", () => {
  const [a, b] = [draw(1, [2, 1, 3, 4]), draw(2, [5, 4, 2])];
  const whole = t.matmul(a, b);
  expect(whole.shape).toEqual([2, 5, 3, 2]);
  expect(t.take(t.take(whole, 1), 4)).toEqual(t.matmul(t.take(t.take(a, 1), 0), t.take(b, 4)));
  const v = draw(3, [4]);
  expect(t.matmul(v, v).shape).toEqual([]);
  expect(t.matmul(v, b)).toEqual(t.reshape(t.matmul(t.reshape(v, [1, 4]), b), [5, 2]));
  expect(t.matmul(a, v)).toEqual(t.reshape(t.matmul(a, t.reshape(v, [4, 1])), [2, 1, 3]));
});

test("elementwise results are rounded once, and exp, tanh, sin, pow and their like are the scalar functions", () => {
  const [a, b] = [draw(1, [50]), draw(2, [50])];
  const pairs = values(a).map((x, i) => [x, values(b)[i]!] as const);
  expect(values(t.add(a, b))).toEqual(pairs.map(([x, y]) => round(x + y)));
  expect(values(t.mul(a, b))).toEqual(pairs.map(([x, y]) => round(x * y)));
  expect(values(t.div(a, b))).toEqual(pairs.map(([x, y]) => round(x / y)));
  expect(values(t.sqrt(t.abs(a)))).toEqual(pairs.map(([x]) => round(Math.sqrt(Math.abs(x)))));
  expect(values(t.exp(a))).toEqual(pairs.map(([x]) => internal.expF32(x)));
  expect(values(t.expm1(a))).toEqual(pairs.map(([x]) => internal.expm1F32(x)));
  expect(values(t.log(t.abs(a)))).toEqual(pairs.map(([x]) => internal.logF32(Math.abs(x))));
  expect(values(t.log1p(t.abs(a)))).toEqual(pairs.map(([x]) => internal.log1pF32(Math.abs(x))));
  expect(values(t.tanh(a))).toEqual(pairs.map(([x]) => internal.tanhF32(x)));
  expect(values(t.sigmoid(a))).toEqual(pairs.map(([x]) => internal.sigmoidF32(x)));
  expect(values(t.sin(a))).toEqual(pairs.map(([x]) => internal.sinF32(x)));
  expect(values(t.cos(a))).toEqual(pairs.map(([x]) => internal.cosF32(x)));
  expect(values(t.erf(a))).toEqual(pairs.map(([x]) => internal.errorFunctionF32(x)));
  expect(values(t.pow(t.abs(a), b))).toEqual(pairs.map(([x, y]) => internal.powF32(Math.abs(x), y)));
  const wide = t.convert(a, "f64");
  expect(values(t.exp(wide))).toEqual(values(wide).map(internal.expF64));
  expect(values(t.expm1(wide))).toEqual(values(wide).map(internal.expm1F64));
});

test("NaN, infinities and signed zeros", () => {
  const x = f32([NaN, Infinity, -Infinity, -0, 0]);
  expect(values(t.max(x, 0))).toEqual([NaN, Infinity, 0, 0, 0]);
  expect(values(t.min(x, 0))).toEqual([NaN, 0, -Infinity, -0, 0]);
  expect(values(t.sign(x))).toEqual([NaN, 1, -1, -0, 0]);
  expect(values(t.equal(x, x))).toEqual([0, 1, 1, 1, 1]);
  expect(values(t.less(x, 0))).toEqual([0, 0, 1, 0, 0]);
  expect(values(t.greaterEqual(x, 0))).toEqual([0, 1, 0, 1, 1]);
  expect(values(t.reduceMax(x))).toEqual([NaN]);
  expect(values(t.select(t.equal(x, x), x, 7))).toEqual([7, Infinity, -Infinity, -0, 0]);
  expect(t.item(t.argmax(f32([1, NaN, 3])))).toBe(1);
});

test("conversion truncates towards zero, saturates, and takes NaN to 0", () => {
  const x = f32([1.9, -1.9, NaN, 3e9, -3e9, Infinity, 0]);
  expect(t.convert(x, "i32")).toEqual(t.tensor(Int32Array.of(1, -1, 0, 2147483647, -2147483648, 2147483647, 0)));
  expect(values(t.convert(x, "bool"))).toEqual([1, 1, 1, 1, 1, 1, 0]);
  expect(values(t.convert(t.tensor(Int32Array.of(16777217)), "f32"))).toEqual([16777216]);
  expect(t.convert(x, "f32")).toBe(x);
});

test("integers wrap around, and shift without a sign", () => {
  const x = t.tensor(Int32Array.of(2147483647, -1, 65537));
  expect(values(t.add(x, 1))).toEqual([-2147483648, 0, 65538]);
  expect(values(t.mul(x, 65537))).toEqual([2147418111, -65537, 131073]);
  expect(values(t.shiftRight(x, 28))).toEqual([7, 15, 0]);
});

describe("moving elements", () => {
  const x = f32([0, 1, 2, 3, 4, 5], [2, 3]);
  test("transpose, slice, concat, pad, stack, take, expand", () => {
    expect(t.transpose(x)).toEqual(f32([0, 3, 1, 4, 2, 5], [3, 2]));
    expect(t.transpose(f32([0, 1, 2, 3, 4, 5], [1, 2, 3]), [2, 0, 1])).toEqual(f32([0, 3, 1, 4, 2, 5], [3, 1, 2]));
    expect(t.slice(x, [0, 1], [2, 2])).toEqual(f32([1, 4], [2, 1]));
    expect(t.sliceAxis(x, -1, 0, 2)).toEqual(f32([0, 1, 3, 4], [2, 2]));
    expect(t.concat([x, f32([9, 8], [2, 1])])).toEqual(f32([0, 1, 2, 9, 3, 4, 5, 8], [2, 4]));
    expect(t.concat([x, f32([6, 7, 8], [1, 3])], 0)).toEqual(f32([0, 1, 2, 3, 4, 5, 6, 7, 8], [3, 3]));
    expect(t.pad(f32([1, 2], [1, 2]), [1, 0], [0, 1])).toEqual(f32([0, 0, 0, 1, 2, 0], [2, 3]));
    expect(t.stack([f32([1, 2]), f32([3, 4])], -1)).toEqual(f32([1, 3, 2, 4], [2, 2]));
    expect(t.take(x, -1, 1)).toEqual(f32([2, 5]));
    expect(t.expand(x, -1).shape).toEqual([2, 3, 1]);
    expect(t.expand(x, 0).shape).toEqual([1, 2, 3]);
    expect(t.broadcastTo(f32([1, 2], [2, 1]), [2, 2, 2])).toEqual(f32([1, 1, 2, 2, 1, 1, 2, 2], [2, 2, 2]));
    expect(t.split(x, 3).map(values)).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
  });

  test("gather clamps, and scatterAdd adds in order", () => {
    expect(t.gather(x, t.tensor(Int32Array.of(1, -5, 9)))).toEqual(f32([3, 4, 5, 0, 1, 2, 3, 4, 5], [3, 3]));
    expect(values(t.scatterAdd(t.tensor(Int32Array.of(0, 2, 0)), f32([1, 2, 4]), 3))).toEqual([5, 0, 2]);
    expect(values(t.oneHot(t.tensor(Int32Array.of(1, 5)), 3))).toEqual([0, 1, 0, 0, 0, 0]);
  });

  test("cumulative sums, from either end", () => {
    expect(values(t.cumulativeSum(x, 1))).toEqual([0, 1, 3, 3, 7, 12]);
    expect(values(t.cumulativeSum(x, 1, { reverse: true }))).toEqual([3, 3, 2, 12, 9, 5]);
    expect(values(t.cumulativeSum(x, -2))).toEqual([0, 1, 2, 3, 5, 7]);
    expect(values(t.iota([2, 3], { axis: 0, dtype: "f32" }))).toEqual([0, 0, 0, 1, 1, 1]);
  });
});

describe("empty tensors", () => {
  const none = internal.zerosArray([0, 3]);
  test("pass through every kind of operation", () => {
    expect(t.add(none, internal.zerosArray([3])).shape).toEqual([0, 3]);
    expect(t.exp(none).shape).toEqual([0, 3]);
    expect(t.matmul(none, internal.zerosArray([3, 2])).shape).toEqual([0, 2]);
    expect(values(t.matmul(internal.zerosArray([2, 0]), internal.zerosArray([0, 2])))).toEqual([0, 0, 0, 0]);
    expect(values(t.sum(none, 0))).toEqual([0, 0, 0]);
    expect(values(t.mean(none, 0))).toEqual([NaN, NaN, NaN]);
    expect(t.reduceMax(none, 1).shape).toEqual([0]);
    expect(t.concat([none, internal.zerosArray([2, 3])], 0).shape).toEqual([2, 3]);
    expect(t.transpose(none).shape).toEqual([3, 0]);
    expect(t.reshape(none, [3, -1]).shape).toEqual([3, 0]);
    expect(t.cumulativeSum(none, 0).shape).toEqual([0, 3]);
    expect(t.softmax(none).shape).toEqual([0, 3]);
    expect(t.gather(internal.zerosArray([2, 3]), internal.zerosArray([0], "i32")).shape).toEqual([0, 3]);
    expect(t.scatterAdd(internal.zerosArray([0], "i32"), none, 2)).toEqual(internal.zerosArray([2, 3]));
    expect(t.normal(t.key(0), [0]).shape).toEqual([0]);
  });

  test("have gradients", () => {
    const gradient = t.grad((w: Tensor) => t.sum(t.tanh(t.matmul(none, w))))(t.full([3, 2], 1));
    expect(gradient).toEqual(internal.zerosArray([3, 2]));
  });
});

test("there is no limit to the number of axes", () => {
  const shape = [1, 2, 1, 2, 1, 1, 2, 1, 1, 1];
  const x = draw(5, shape);
  expect(
    t.reshape(
      t.transpose(
        x,
        shape.map((_, i) => 9 - i),
      ),
      [8],
    ).shape,
  ).toEqual([8]);
  t.assertGradient((y: Tensor) => t.sum(t.mul(y, t.transpose(y)), [1, 3, 8]), x);
});

test("a constant that is the same everywhere is not written out, and has the values of one that is", () => {
  const huge = t.broadcastTo(t.scalar(0.1), [1 << 20, 1 << 20]);
  const kept = t.transpose(t.reshape(t.mul(t.exp(t.neg(huge)), t.sub(huge, 0.3)), [1 << 10, 1 << 30]));
  const written = t.mul(t.exp(t.neg(t.scalar(0.1))), t.sub(t.scalar(0.1), 0.3));
  expect(internal.isArray(kept) && kept.uniform).toBe(t.item(written));
  expect(kept.shape).toEqual([1 << 30, 1 << 10]);
  expect(t.broadcastTo(t.scalar(0.1), [2, 2])).toEqual(t.full([2, 2], 0.1));
  expect(values(t.broadcastTo(t.scalar(-0), [2]))).toEqual([-0, -0]);
  expect(values(t.full([2], -0))).toEqual([-0, -0]);
});
