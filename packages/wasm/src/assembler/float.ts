import { f32Const, f64Const, type Lift, toF32, toF64, toI32, toI64 } from "./constant.ts";
import { binary, load, store, unary } from "./operation.ts";

/** Arithmetic of single and double precision. Opcodes count up from those of `eq` and `abs`. */
function arithmetic<T extends "f32" | "f64">(type: T, comparisons: number, operations: number, lift: Lift<T>) {
  return {
    eq: binary(`${type}.eq`, [comparisons], lift, "i32"),
    ne: binary(`${type}.ne`, [comparisons + 1], lift, "i32"),
    lt: binary(`${type}.lt`, [comparisons + 2], lift, "i32"),
    gt: binary(`${type}.gt`, [comparisons + 3], lift, "i32"),
    le: binary(`${type}.le`, [comparisons + 4], lift, "i32"),
    ge: binary(`${type}.ge`, [comparisons + 5], lift, "i32"),
    abs: unary(`${type}.abs`, [operations], lift, type),
    neg: unary(`${type}.neg`, [operations + 1], lift, type),
    ceil: unary(`${type}.ceil`, [operations + 2], lift, type),
    floor: unary(`${type}.floor`, [operations + 3], lift, type),
    trunc: unary(`${type}.trunc`, [operations + 4], lift, type),
    nearest: unary(`${type}.nearest`, [operations + 5], lift, type),
    sqrt: unary(`${type}.sqrt`, [operations + 6], lift, type),
    add: binary(`${type}.add`, [operations + 7], lift, type),
    sub: binary(`${type}.sub`, [operations + 8], lift, type),
    mul: binary(`${type}.mul`, [operations + 9], lift, type),
    div: binary(`${type}.div`, [operations + 10], lift, type),
    min: binary(`${type}.min`, [operations + 11], lift, type),
    max: binary(`${type}.max`, [operations + 12], lift, type),
    copysign: binary(`${type}.copysign`, [operations + 13], lift, type),
  };
}

export const f32 = {
  const: f32Const,
  load: load("f32.load", [0x2a], 2, "f32"),
  store: store("f32.store", [0x38], 2, toF32),
  ...arithmetic("f32", 0x5b, 0x8b, toF32),
  convertI32S: unary("f32.convert_i32_s", [0xb2], toI32, "f32"),
  convertI32U: unary("f32.convert_i32_u", [0xb3], toI32, "f32"),
  convertI64S: unary("f32.convert_i64_s", [0xb4], toI64, "f32"),
  demoteF64: unary("f32.demote_f64", [0xb6], toF64, "f32"),
  reinterpretI32: unary("f32.reinterpret_i32", [0xbe], toI32, "f32"),
};

export const f64 = {
  const: f64Const,
  load: load("f64.load", [0x2b], 3, "f64"),
  store: store("f64.store", [0x39], 3, toF64),
  ...arithmetic("f64", 0x61, 0x99, toF64),
  convertI32S: unary("f64.convert_i32_s", [0xb7], toI32, "f64"),
  convertI32U: unary("f64.convert_i32_u", [0xb8], toI32, "f64"),
  convertI64S: unary("f64.convert_i64_s", [0xb9], toI64, "f64"),
  promoteF32: unary("f64.promote_f32", [0xbb], toF32, "f64"),
  reinterpretI64: unary("f64.reinterpret_i64", [0xbf], toI64, "f64"),
};
