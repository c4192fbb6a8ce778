import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import * as t from "../index.ts";
import * as internal from "../internal.ts";
import type { Shape, Tensor, Tree } from "../index.ts";
import type { Operation } from "../internal.ts";

vi.setConfig({ testTimeout: 60_000 });

interface Sample {
  readonly shape: Shape;
  /** Which axes are stretched, and how many are missing in front, in the narrower operand. */
  readonly narrow: Shape;
  readonly axis: number;
  /** Values in [low, high), another draw for each name. */
  readonly draw: (name: string, shape: Shape, low?: number, high?: number) => Tensor;
  /** Integers in [0, below). */
  readonly whole: (name: string, shape: Shape, below: number) => Tensor;
}

/** A function of tensors that uses the primitive, and arguments at which it is differentiable. */
type Case = (sample: Sample) => { f: (...args: Tensor[]) => Tensor; args: Tensor[] };

const samples: fc.Arbitrary<Sample> = fc
  .record({
    shape: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    stretched: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    missing: fc.nat(3),
    axis: fc.nat(2),
    seed: fc.nat(1e6),
  })
  .map(({ shape, stretched, missing, axis, seed }): Sample => ({
    shape,
    narrow: shape.slice(Math.min(missing, shape.length)).map((n, i) => (stretched[i] === true ? 1 : n)),
    axis: axis % shape.length,
    draw: (name, s, low = -1.5, high = 1.5) => t.uniform(t.keyFor(t.key(seed), name), s, { low, high, dtype: "f64" }),
    whole: (name, s, below) => t.convert(t.uniform(t.keyFor(t.key(seed), name), s, { high: below }), "i32"),
  }));

const unary =
  (f: (x: Tensor) => Tensor, low?: number, high?: number): Case =>
  ({ shape, draw }) => ({ f, args: [draw("x", shape, low, high)] });

/** The second operand is broadcast, or the first. */
const binary =
  (f: (a: Tensor, b: Tensor) => Tensor, low?: number, high?: number): Case =>
  ({ shape, narrow, axis, draw }) => {
    const operands = [draw("a", shape, low, high), draw("b", narrow, low, high)];
    return { f, args: axis === 0 ? operands : operands.toReversed() };
  };

/** Multiples of 1/16, shifted: random, and away from the places where a derivative jumps. */
const onGrid = (x: Tensor, shift: number): Tensor => t.div(t.add(t.floor(t.mul(x, 16)), shift), 16);
const unaryWithJumps =
  (f: (x: Tensor) => Tensor): Case =>
  ({ shape, draw }) => ({ f, args: [onGrid(draw("x", shape), 0.5)] });
const binaryWithJumps =
  (f: (a: Tensor, b: Tensor) => Tensor): Case =>
  (sample) => {
    const { args } = binary(f)(sample);
    return { f, args: args.map((x, i) => onGrid(x, i === 0 ? 0.5 : 0)) };
  };

/** Both, broadcast to one shape. */
const alike = (a: Tensor, b: Tensor): [Tensor, Tensor] => [t.add(a, t.mul(b, 0)), t.add(b, t.mul(a, 0))];

const noGradient = "its result is integer or boolean, and has no derivative";

const cases: Readonly<Record<Operation["op"], Case | string>> = {
  abs: unaryWithJumps(t.abs),
  add: binary(t.add),
  and: noGradient,
  broadcast: ({ shape, narrow, draw }) => ({ f: (x) => t.broadcastTo(x, [2, ...shape]), args: [draw("x", narrow)] }),
  ceil: unaryWithJumps(t.ceil),
  checkpoint: binary((a, b) => t.checkpoint((x: Tensor, y: Tensor) => t.tanh(t.mul(t.exp(x), y)))(a, b)),
  customGradient: binary((a, b) =>
    t.customGradient(
      (x: Tensor, y: Tensor) => t.mul(t.tanh(x), y),
      ({ args: [x, y], cotangent }) => {
        const h = t.tanh(x);
        return [t.mul(cotangent, t.mul(y, t.sub(1, t.mul(h, h)))), t.mul(cotangent, h)];
      },
    )(...alike(a, b)),
  ),
  concat: ({ shape, axis, draw }) => ({
    f: (a, b) => t.concat([a, b, a], axis),
    args: [
      draw("a", shape),
      draw(
        "b",
        shape.map((n, i) => (i === axis ? n + 1 : n)),
      ),
    ],
  }),
  convert: ({ shape, draw }) => ({
    f: (x) => t.convert(t.sigmoid(x), "f64"),
    args: [t.convert(draw("x", shape), "f32")],
  }),
  cos: unary(t.cos),
  cumulativeSum: ({ shape, axis, narrow, draw }) => ({
    f: (x) => t.cumulativeSum(x, axis, { reverse: narrow.length === shape.length }),
    args: [draw("x", shape)],
  }),
  div: binary(t.div, 0.5, 2),
  equal: noGradient,
  erf: unary(t.erf),
  exp: unary(t.exp),
  expm1: unary(t.expm1),
  floor: unaryWithJumps(t.floor),
  gather: ({ shape, narrow, draw, whole }) => ({
    f: (x) => t.gather(x, whole("rows", narrow, shape[0]!)),
    args: [draw("x", shape)],
  }),
  input: "a placeholder is not computed",
  iota: "it has no operand",
  less: noGradient,
  lessEqual: noGradient,
  log: unary(t.log, 0.2, 3),
  log1p: unary(t.log1p, -0.7, 3),
  matmul: ({ shape, narrow, axis, draw }) => {
    const k = shape.at(-1)!;
    const batch = axis === 0 ? [] : axis === 1 ? narrow : narrow.map(() => 1);
    const right = shape.length === 1 && axis === 0 ? [k] : [...batch, k, 2];
    return {
      f: t.matmul,
      args: [
        draw("a", axis === 1 ? [...narrow, 3, k] : shape.length === 3 && axis === 2 ? [2, 3, k] : [k]),
        draw("b", right),
      ],
    };
  },
  max: binaryWithJumps(t.max),
  min: binaryWithJumps(t.min),
  mul: binary(t.mul),
  name: unary((x) => t.named("x", x)),
  neg: unary(t.neg),
  not: noGradient,
  or: noGradient,
  pad: ({ shape, axis, draw }) => ({
    f: (x) =>
      t.pad(
        x,
        shape.map((_, i) => (i === axis ? 1 : 0)),
        shape.map((_, i) => i),
      ),
    args: [draw("x", shape.slice().fill(2))],
  }),
  pow: binary(t.pow, 0.3, 2),
  randomBits: noGradient,
  reduceMax: ({ shape, axis, draw }) => {
    // No two elements are nearer than 1/1024.
    const apart = t.reshape(t.div(t.iota([internal.sizeOf(shape)], { dtype: "f64" }), 1024), shape);
    return { f: (x) => t.reduceMax(x, axis), args: [t.add(onGrid(draw("x", shape), 0), apart)] };
  },
  reduceSum: ({ shape, axis, narrow, draw }) => ({
    f: (x) => t.sum(x, narrow.length === 0 ? undefined : axis),
    args: [draw("x", shape)],
  }),
  reshape: ({ shape, draw }) => ({ f: (x) => t.reshape(x, [1, -1, 1, 1]), args: [draw("x", shape)] }),
  scan: ({ shape, narrow, draw }) => ({
    f: (h, x, w) => {
      const { state, output } = t.scan(
        (s: Tensor, y: Tensor) => ({ state: t.tanh(t.add(t.mul(s, w), y)), output: t.mul(s, y) }),
        h,
        x,
      );
      return t.add(t.sum(output, 0), state);
    },
    args: [draw("h", shape), draw("x", [3, ...shape]), draw("w", narrow)],
  }),
  scatterAdd: ({ shape, draw, whole }) => ({
    f: (x) => t.scatterAdd(whole("rows", [shape[0]!], 3), x, 3),
    args: [draw("x", shape)],
  }),
  select: ({ shape, narrow, draw, whole }) => ({
    f: (a, b) => t.select(t.convert(whole("condition", narrow, 2), "bool"), a, b),
    args: [draw("a", shape), draw("b", narrow)],
  }),
  shiftRight: noGradient,
  sigmoid: unary(t.sigmoid),
  sign: unaryWithJumps(t.sign),
  sin: unary(t.sin),
  slice: ({ shape, axis, draw }) => ({
    f: (x) => t.sliceAxis(x, axis, 1, shape[axis]! + 1),
    args: [
      draw(
        "x",
        shape.map((n, i) => (i === axis ? n + 2 : n)),
      ),
    ],
  }),
  sqrt: unary(t.sqrt, 0.2, 3),
  stopGradient: "its gradient is zero by definition, not its derivative; tested below",
  sub: binary(t.sub),
  tanh: unary(t.tanh),
  transpose: ({ shape, axis, draw }) => ({
    f: (x) =>
      t.transpose(
        x,
        x.shape.map((_, i) => (i + axis + 1) % x.shape.length),
      ),
    args: [draw("x", [...shape, 2])],
  }),
};

function operations(program: t.Program): string[] {
  return program.nodes.map((node) => node.operation.op);
}

test("every primitive stands in the list", () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(internal.primitives).sort());
});

test("every primitive stands under its own name in the table", () => {
  for (const [op, rules] of Object.entries(internal.primitives)) expect(rules.op).toBe(op);
});

describe.each(Object.entries(cases).flatMap(([op, make]) => (typeof make === "string" ? [] : [{ op, make }])))(
  "$op",
  ({ op, make }) => {
    test("first derivative", () => {
      fc.assert(
        fc.property(samples, (sample) => {
          const { f, args } = make(sample);
          const call = (given: readonly Tensor[]): Tensor => f(...given);
          expect(operations(t.recordProgram(call, [args]).program)).toContain(op);
          t.assertGradient(call, args);
        }),
        { numRuns: 25 },
      );
    });

    test("second derivative", () => {
      fc.assert(
        fc.property(samples, (sample) => {
          const { f, args } = make(sample);
          const gradient = t.grad((given: readonly Tensor[]) => t.sum(t.square(f(...given))));
          t.assertGradient((given: readonly Tensor[]): Tree => gradient(given), args);
        }),
        { numRuns: 15 },
      );
    });
  },
);

test("a small gradient of scan whose difference is off by rounding passes", () => {
  const { scan } = cases;
  if (typeof scan === "string") throw new Error(scan);
  const seen: number[] = [];
  const check = fc.property(samples, (sample) => {
    const { f, args } = scan(sample);
    const { derivative, difference } = t.assertGradient((given: readonly Tensor[]) => f(...given), args).parameters[
      "2"
    ]!;
    seen.push(derivative);
    expect(Math.abs(derivative - difference)).toBeLessThan(1e-11);
  });
  fc.assert(check, { seed: -2007310942, path: "20:0:0:0:0" });
  // Its difference is off by one part in 10^8, more than a tolerance relative to the gradient allowed.
  expect(seen.some((derivative) => Math.abs(derivative + 2.2e-5) < 1e-8)).toBe(true);
});

test.each(Object.entries(cases).filter(([, make]) => make === noGradient))(
  "%s has an integer or boolean result",
  (op) => {
    const bool = t.tensor([1], [1], { dtype: "bool" });
    const i32 = t.tensor([1, 2], [2], { dtype: "i32" });
    const results: Record<string, () => Tensor> = {
      and: () => t.and(bool, bool),
      or: () => t.or(bool, bool),
      not: () => t.not(bool),
      equal: () => t.equal(i32, 1),
      less: () => t.less(i32, 1),
      lessEqual: () => t.lessEqual(i32, 1),
      shiftRight: () => t.shiftRight(i32, 1),
      randomBits: () => t.randomBits(i32, [3]),
    };
    expect(["i32", "bool"]).toContain(results[op]!().dtype);
  },
);

test("stopGradient stops the gradient and nothing else", () => {
  const x = t.tensor([2, 3]);
  const f = (y: Tensor): Tensor => t.sum(t.mul(y, t.stopGradient(y)));
  expect(t.item(f(x))).toBe(13);
  expect(t.valuesOf(t.grad(f)(x))).toEqual(Float32Array.of(2, 3));
});

describe("where the derivative jumps", () => {
  const slope = (f: (x: Tensor) => Tensor, x: number): number => t.item(t.grad(f)(t.scalar(x)));
  test.each<[string, (x: Tensor) => Tensor, number]>([
    ["relu at 0", (x) => t.max(x, 0), 0],
    ["max(0, x) at 0", (x) => t.max(0, x), 1],
    ["min(x, 0) at 0", (x) => t.min(x, 0), 0],
    ["|x| at 0", t.abs, 0],
    ["sign at 0", t.sign, 0],
    ["floor at 0", t.floor, 0],
  ])("%s", (_, f, expected) => {
    expect(slope(f, 0)).toBe(expected);
  });

  test("ties of reduceMax share the gradient", () => {
    const f = (x: Tensor): Tensor => t.reduceMax(x);
    expect(t.valuesOf(t.grad(f)(t.tensor([1, 3, 3, 0])))).toEqual(Float32Array.of(0, 0.5, 0.5, 0));
  });
});
