import {
  f32x4Const,
  f64x2Const,
  i32x4Const,
  type Lift,
  toF32,
  toF32x4,
  toF64,
  toF64x2,
  toI32,
  toI32x4,
} from "./constant.ts";
import { type Expression, node, type Operand, type ValueType } from "./expression.ts";
import { binary, load, loadLane, shift, simd, store, storeLane, unary } from "./operation.ts";

function extract<R extends ValueType>(op: string, code: readonly number[], result: R) {
  return (vector: Expression<"v128">, lane: number): Expression<R> =>
    node(result, op, [...code, lane], [vector], `lane ${lane}`);
}

function replace<V extends ValueType>(op: string, code: readonly number[], lift: Lift<V>) {
  return (vector: Expression<"v128">, lane: number, value: Operand<V>): Expression<"v128"> =>
    node("v128", op, [...code, lane], [vector, lift(value)], `lane ${lane}`);
}

export const v128 = {
  load: load("v128.load", simd(0x00), 4, "v128"),
  load32Splat: load("v128.load32_splat", simd(0x09), 2, "v128"),
  load64Splat: load("v128.load64_splat", simd(0x0a), 3, "v128"),
  load32Zero: load("v128.load32_zero", simd(0x5c), 2, "v128"),
  load64Zero: load("v128.load64_zero", simd(0x5d), 3, "v128"),
  load32Lane: loadLane("v128.load32_lane", simd(0x56), 2),
  load64Lane: loadLane("v128.load64_lane", simd(0x57), 3),
  store: store("v128.store", simd(0x0b), 4, toF32x4),
  store32Lane: storeLane("v128.store32_lane", simd(0x5a), 2),
  store64Lane: storeLane("v128.store64_lane", simd(0x5b), 3),
  not: unary("v128.not", simd(0x4d), toI32x4, "v128"),
  and: binary("v128.and", simd(0x4e), toI32x4, "v128"),
  /** a and not b */
  andnot: binary("v128.andnot", simd(0x4f), toI32x4, "v128"),
  or: binary("v128.or", simd(0x50), toI32x4, "v128"),
  xor: binary("v128.xor", simd(0x51), toI32x4, "v128"),
  /** The bits of `a` where the mask has ones, of `b` where it has zeros. */
  bitselect: (a: Expression<"v128">, b: Expression<"v128">, mask: Expression<"v128">): Expression<"v128"> =>
    node("v128", "v128.bitselect", simd(0x52), [a, b, mask]),
  anyTrue: unary("v128.any_true", simd(0x53), toI32x4, "i32"),
  /** Chooses four 32-bit lanes from a (0-3) and b (4-7). */
  shuffle32(
    a: Expression<"v128">,
    b: Expression<"v128">,
    lanes: readonly [number, number, number, number],
  ): Expression<"v128"> {
    const bytes = lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);
    return node("v128", "i8x16.shuffle", [...simd(0x0d), ...bytes], [a, b], lanes.join(" "));
  },
};

export const i32x4 = {
  const: i32x4Const,
  splat: unary("i32x4.splat", simd(0x11), toI32, "v128"),
  extractLane: extract("i32x4.extract_lane", simd(0x1b), "i32"),
  replaceLane: replace("i32x4.replace_lane", simd(0x1c), toI32),
  eq: binary("i32x4.eq", simd(0x37), toI32x4, "v128"),
  ne: binary("i32x4.ne", simd(0x38), toI32x4, "v128"),
  ltS: binary("i32x4.lt_s", simd(0x39), toI32x4, "v128"),
  ltU: binary("i32x4.lt_u", simd(0x3a), toI32x4, "v128"),
  gtS: binary("i32x4.gt_s", simd(0x3b), toI32x4, "v128"),
  gtU: binary("i32x4.gt_u", simd(0x3c), toI32x4, "v128"),
  leS: binary("i32x4.le_s", simd(0x3d), toI32x4, "v128"),
  geS: binary("i32x4.ge_s", simd(0x3f), toI32x4, "v128"),
  abs: unary("i32x4.abs", simd(0xa0), toI32x4, "v128"),
  neg: unary("i32x4.neg", simd(0xa1), toI32x4, "v128"),
  allTrue: unary("i32x4.all_true", simd(0xa3), toI32x4, "i32"),
  bitmask: unary("i32x4.bitmask", simd(0xa4), toI32x4, "i32"),
  shl: shift("i32x4.shl", simd(0xab), toI32x4),
  shrS: shift("i32x4.shr_s", simd(0xac), toI32x4),
  shrU: shift("i32x4.shr_u", simd(0xad), toI32x4),
  add: binary("i32x4.add", simd(0xae), toI32x4, "v128"),
  sub: binary("i32x4.sub", simd(0xb1), toI32x4, "v128"),
  mul: binary("i32x4.mul", simd(0xb5), toI32x4, "v128"),
  minS: binary("i32x4.min_s", simd(0xb6), toI32x4, "v128"),
  minU: binary("i32x4.min_u", simd(0xb7), toI32x4, "v128"),
  maxS: binary("i32x4.max_s", simd(0xb8), toI32x4, "v128"),
  maxU: binary("i32x4.max_u", simd(0xb9), toI32x4, "v128"),
  truncSatF32x4S: unary("i32x4.trunc_sat_f32x4_s", simd(0xf8), toF32x4, "v128"),
};

export const f32x4 = {
  const: f32x4Const,
  splat: unary("f32x4.splat", simd(0x13), toF32, "v128"),
  extractLane: extract("f32x4.extract_lane", simd(0x1f), "f32"),
  replaceLane: replace("f32x4.replace_lane", simd(0x20), toF32),
  eq: binary("f32x4.eq", simd(0x41), toF32x4, "v128"),
  ne: binary("f32x4.ne", simd(0x42), toF32x4, "v128"),
  lt: binary("f32x4.lt", simd(0x43), toF32x4, "v128"),
  gt: binary("f32x4.gt", simd(0x44), toF32x4, "v128"),
  le: binary("f32x4.le", simd(0x45), toF32x4, "v128"),
  ge: binary("f32x4.ge", simd(0x46), toF32x4, "v128"),
  ceil: unary("f32x4.ceil", simd(0x67), toF32x4, "v128"),
  floor: unary("f32x4.floor", simd(0x68), toF32x4, "v128"),
  trunc: unary("f32x4.trunc", simd(0x69), toF32x4, "v128"),
  nearest: unary("f32x4.nearest", simd(0x6a), toF32x4, "v128"),
  abs: unary("f32x4.abs", simd(0xe0), toF32x4, "v128"),
  neg: unary("f32x4.neg", simd(0xe1), toF32x4, "v128"),
  sqrt: unary("f32x4.sqrt", simd(0xe3), toF32x4, "v128"),
  add: binary("f32x4.add", simd(0xe4), toF32x4, "v128"),
  sub: binary("f32x4.sub", simd(0xe5), toF32x4, "v128"),
  mul: binary("f32x4.mul", simd(0xe6), toF32x4, "v128"),
  div: binary("f32x4.div", simd(0xe7), toF32x4, "v128"),
  /** NaN if either operand is NaN. -0 is less than +0. */
  min: binary("f32x4.min", simd(0xe8), toF32x4, "v128"),
  max: binary("f32x4.max", simd(0xe9), toF32x4, "v128"),
  /** b < a ? b : a, in one machine instruction. Gives `a` if either is NaN. */
  pmin: binary("f32x4.pmin", simd(0xea), toF32x4, "v128"),
  /** a < b ? b : a */
  pmax: binary("f32x4.pmax", simd(0xeb), toF32x4, "v128"),
  /** Two doubles rounded to floats, in the lower lanes. The other lanes are 0. */
  demoteF64x2Zero: unary("f32x4.demote_f64x2_zero", simd(0x5e), toF64x2, "v128"),
  convertI32x4S: unary("f32x4.convert_i32x4_s", simd(0xfa), toI32x4, "v128"),
  convertI32x4U: unary("f32x4.convert_i32x4_u", simd(0xfb), toI32x4, "v128"),
};

export const f64x2 = {
  const: f64x2Const,
  splat: unary("f64x2.splat", simd(0x14), toF64, "v128"),
  extractLane: extract("f64x2.extract_lane", simd(0x21), "f64"),
  add: binary("f64x2.add", simd(0xf0), toF64x2, "v128"),
  sub: binary("f64x2.sub", simd(0xf1), toF64x2, "v128"),
  mul: binary("f64x2.mul", simd(0xf2), toF64x2, "v128"),
  div: binary("f64x2.div", simd(0xf3), toF64x2, "v128"),
  sqrt: unary("f64x2.sqrt", simd(0xef), toF64x2, "v128"),
  /** b < a ? b : a. Gives `a` if either is NaN. */
  pmin: binary("f64x2.pmin", simd(0xf6), toF64x2, "v128"),
  /** a < b ? b : a */
  pmax: binary("f64x2.pmax", simd(0xf7), toF64x2, "v128"),
  /** The two lower lanes as doubles. */
  promoteLowF32x4: unary("f64x2.promote_low_f32x4", simd(0x5f), toF32x4, "v128"),
};
