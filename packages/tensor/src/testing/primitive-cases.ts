/** For tests of backends: every primitive on random shapes and dtypes. */
import * as t from "../index.ts";
import * as internal from "../internal.ts";
import type { DType, Shape, Tensor } from "../index.ts";
import { nth, zip } from "../lists.ts";

/** The shape and dtype of an operand. */
export interface Operand {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A primitive applied to operands. */
export interface PrimitiveCase {
  readonly operands: readonly Operand[];
  readonly apply: (...operands: Tensor[]) => Tensor | readonly Tensor[];
}

/** A source of natural numbers, one per random choice of a case. */
export type Choose = (n: number) => number;
/** Makes a case of about the given shape, with random choices. */
export type MakeCase = (shape: Shape, choose: Choose) => PrimitiveCase;

const oneOf = <T extends NonNullable<unknown>>(list: readonly T[], choose: Choose): T => nth(list, choose(list.length));

const elementwise =
  (dtypes: readonly DType[], count: number, apply: PrimitiveCase["apply"]): MakeCase =>
  (shape, choose) => {
    const dtype = oneOf(dtypes, choose);
    return { operands: Array.from({ length: count }, () => ({ shape, dtype })), apply };
  };
const numbers: readonly DType[] = ["f32", "i32"];
const floats: readonly DType[] = ["f32"];
const bools: readonly DType[] = ["bool"];
const all: readonly DType[] = ["f32", "i32", "bool"];

const withAxes = (shape: Shape): Shape => (shape.length === 0 ? [3] : shape);

/** Test cases for every primitive. */
export const primitiveCases: Readonly<Record<keyof typeof internal.primitives, MakeCase>> = {
  abs: elementwise(numbers, 1, (x) => t.abs(x)),
  add: elementwise(numbers, 2, (a, b) => t.add(a, b)),
  and: elementwise(bools, 2, (a, b) => t.and(a, b)),
  broadcast: (shape, choose) => {
    const from = shape.map((n) => (choose(2) === 0 ? 1 : n)).slice(choose(2));
    return { operands: [{ shape: from, dtype: "f32" }], apply: (x) => t.broadcastTo(x, shape) };
  },
  ceil: elementwise(floats, 1, (x) => t.ceil(x)),
  checkpoint: elementwise(floats, 2, (a, b) => t.checkpoint((x: Tensor, y: Tensor) => t.mul(t.tanh(x), y))(a, b)),
  concat: (shape, choose) => {
    const rank = withAxes(shape).length;
    const axis = choose(rank);
    const dtype = oneOf(all, choose);
    const operands = [0, 1, 2].map(() => ({
      shape: withAxes(shape).map((n, i) => (i === axis ? choose(5) : n)),
      dtype,
    }));
    return { operands, apply: (a, b, c) => t.concat([a, dtype === "f32" ? t.neg(b) : b, c], axis) };
  },
  convert: (shape, choose) => {
    const to = oneOf(all, choose);
    return { operands: [{ shape, dtype: oneOf(all, choose) }], apply: (x) => t.convert(x, to) };
  },
  cos: elementwise(floats, 1, (x) => t.cos(x)),
  cumulativeSum: (shape, choose) => {
    const axis = choose(withAxes(shape).length);
    const reverse = choose(2) === 1;
    return {
      operands: [{ shape: withAxes(shape), dtype: oneOf(numbers, choose) }],
      apply: (x) => t.cumulativeSum(x, axis, { reverse }),
    };
  },
  customGradient: elementwise(floats, 2, (a, b) =>
    t.customGradient(
      (x: Tensor, y: Tensor) => t.mul(t.tanh(x), y),
      ({ args: [x, y] }) => [y, x],
    )(a, b),
  ),
  div: elementwise(floats, 2, (a, b) => t.div(a, b)),
  equal: elementwise(numbers, 2, (a, b) => t.equal(a, t.select(t.less(a, 0), a, b))),
  erf: elementwise(floats, 1, (x) => t.erf(x)),
  exp: elementwise(floats, 1, (x) => t.exp(x)),
  expm1: elementwise(floats, 1, (x) => t.expm1(x)),
  floor: elementwise(floats, 1, (x) => t.floor(x)),
  gather: (shape, choose) => ({
    operands: [
      { shape: [1 + choose(6), ...shape.slice(0, 2)], dtype: oneOf(all, choose) },
      { shape: Array.from({ length: choose(3) }, () => choose(6)), dtype: "i32" },
    ],
    apply: (x, indices) => [t.gather(x, indices), t.gather(x, t.shiftRight(indices, 29))],
  }),
  input: elementwise(all, 1, (x) => x),
  iota: (shape, choose) => {
    const axis = choose(withAxes(shape).length);
    return {
      operands: [{ shape: withAxes(shape), dtype: "i32" }],
      apply: (x) => t.add(x, t.iota(withAxes(shape), { axis })),
    };
  },
  less: elementwise(numbers, 2, (a, b) => t.less(a, b)),
  lessEqual: elementwise(numbers, 2, (a, b) => t.lessEqual(a, b)),
  log: elementwise(floats, 1, (x) => [t.log(x), t.log(t.abs(x))]),
  log1p: elementwise(floats, 1, (x) => t.log1p(x)),
  matmul: (shape, choose) => {
    const size = (): number => oneOf([0, 1, 2, 3, 5, 8, 16, 17, 33], choose);
    const [m, k, n] = [size(), size(), size()];
    const batch = choose(3) === 0 ? shape.slice(0, 2) : [];
    const dtype = "f32";
    return {
      operands: [
        { shape: [...batch, m, k], dtype },
        { shape: [...batch, k, n], dtype },
      ],
      apply: (a, b) => t.matmul(a, b),
    };
  },
  max: elementwise(numbers, 2, (a, b) => t.max(a, b)),
  min: elementwise(numbers, 2, (a, b) => t.min(a, b)),
  mul: elementwise(numbers, 2, (a, b) => t.mul(a, b)),
  name: elementwise(all, 1, (x) => t.named("x", x)),
  neg: elementwise(numbers, 1, (x) => t.neg(x)),
  not: elementwise(bools, 1, (x) => t.not(x)),
  or: elementwise(bools, 2, (a, b) => t.or(a, b)),
  pad: (shape, choose) => {
    const [before, after] = [shape.map(() => choose(3)), shape.map(() => choose(3))];
    return { operands: [{ shape, dtype: oneOf(all, choose) }], apply: (x) => t.pad(x, before, after) };
  },
  pow: elementwise(floats, 2, (a, b) => {
    const moderate = t.max(t.min(b, 3), -3);
    return [t.pow(t.abs(a), moderate), t.pow(a, t.floor(moderate)), t.pow(b, 2)];
  }),
  randomBits: (shape) => ({
    operands: [
      { shape: [2], dtype: "i32" },
      { shape: [], dtype: "i32" },
    ],
    apply: (key, stream) => [t.randomBits(key, shape, stream), t.uniform(key, shape)],
  }),
  reduceMax: (shape, choose) => {
    const axes = withAxes(shape).map((n) => Math.max(1, n));
    const axis = choose(axes.length);
    return { operands: [{ shape: axes, dtype: oneOf(numbers, choose) }], apply: (x) => t.reduceMax(x, axis) };
  },
  reduceSum: (shape, choose) => {
    const axis = choose(withAxes(shape).length);
    return {
      operands: [{ shape: withAxes(shape), dtype: oneOf(numbers, choose) }],
      apply: (x) => [t.sum(x, axis), t.sum(x)],
    };
  },
  reshape: (shape, choose) => {
    const to = choose(2) === 0 ? [internal.sizeOf(shape)] : [1, ...shape.toReversed()];
    return {
      operands: [{ shape, dtype: oneOf(all, choose) }],
      apply: (x) => t.reshape(t.reshape(x, [internal.sizeOf(shape), 1]), to),
    };
  },
  scan: (shape, choose) => {
    const step = withAxes(shape);
    const reverse = choose(2) === 1;
    return {
      operands: [
        { shape: step, dtype: "f32" },
        { shape: [choose(5), ...step], dtype: "f32" },
      ],
      apply: (h, xs) => {
        const { state, output } = t.scan(
          (s: Tensor, x: Tensor) => ({ state: t.sub(t.mul(s, 0.5), x), output: t.add(s, x) }),
          h,
          xs,
          { reverse },
        );
        return [state, output];
      },
    };
  },
  scatterAdd: (shape, choose) => {
    const count = choose(10);
    const rows = (count === 0 ? 0 : 1) + choose(5);
    return {
      operands: [
        { shape: [count], dtype: "i32" },
        { shape: [count, ...shape.slice(0, 2)], dtype: oneOf(numbers, choose) },
      ],
      apply: (indices, updates) => [
        t.scatterAdd(t.shiftRight(indices, 30), updates, rows),
        t.scatterAdd(indices, updates, rows),
      ],
    };
  },
  select: (shape, choose) => {
    const dtype = oneOf(all, choose);
    return {
      operands: [
        { shape, dtype: "bool" },
        { shape, dtype },
        { shape, dtype },
      ],
      apply: (c, a, b) => t.select(c, a, b),
    };
  },
  shiftRight: (shape, choose) => {
    const bits = choose(32);
    return { operands: [{ shape, dtype: "i32" }], apply: (x) => t.shiftRight(x, bits) };
  },
  sigmoid: elementwise(floats, 1, (x) => t.sigmoid(x)),
  sign: elementwise(numbers, 1, (x) => t.sign(x)),
  sin: elementwise(floats, 1, (x) => t.sin(x)),
  slice: (shape, choose) => {
    const starts = shape.map((n) => choose(n + 1));
    const stops = zip(shape, starts).map(([n, start]) => start + choose(n - start + 1));
    return { operands: [{ shape, dtype: oneOf(all, choose) }], apply: (x) => t.slice(x, starts, stops) };
  },
  sqrt: elementwise(floats, 1, (x) => t.sqrt(x)),
  stopGradient: elementwise(all, 1, (x) => t.stopGradient(x)),
  sub: elementwise(numbers, 2, (a, b) => t.sub(a, b)),
  tanh: elementwise(floats, 1, (x) => t.tanh(x)),
  transpose: (shape, choose) => {
    const axes = [...shape.keys()].toSorted(() => choose(3) - 1);
    return { operands: [{ shape, dtype: oneOf(all, choose) }], apply: (x) => t.transpose(x, axes) };
  },
};

/** Random choices from a seed. */
export function chooser(seed: number): Choose {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 48271) + 11) >>> 0;
    return Math.floor((state / 4294967296) * n);
  };
}
