import { i32Const, i32Value, i64Const, toF32, toF64, toI32, toI64 } from "./constant.ts";
import { type Expression, node, type Operand } from "./expression.ts";
import { binary, load, store, unary } from "./operation.ts";

/** An i32 operation folded when both operands are constants, or when the right one changes nothing. */
function folded(op: string, code: number, apply: (a: number, b: number) => number, neutral: number) {
  return (a: Operand<"i32">, b: Operand<"i32">): Expression<"i32"> => {
    const left = toI32(a);
    const right = toI32(b);
    const [x, y] = [i32Value(left), i32Value(right)];
    if (x !== undefined && y !== undefined) return i32Const(apply(x, y));
    if (y === neutral) return left;
    return node("i32", op, [code], [left, right]);
  };
}

export const i32 = {
  const: i32Const,
  load: load("i32.load", [0x28], 2, "i32"),
  load8U: load("i32.load8_u", [0x2d], 0, "i32"),
  store: store("i32.store", [0x36], 2, toI32),
  store8: store("i32.store8", [0x3a], 0, toI32),
  eqz: unary("i32.eqz", [0x45], toI32, "i32"),
  eq: binary("i32.eq", [0x46], toI32, "i32"),
  ne: binary("i32.ne", [0x47], toI32, "i32"),
  ltS: binary("i32.lt_s", [0x48], toI32, "i32"),
  ltU: binary("i32.lt_u", [0x49], toI32, "i32"),
  gtS: binary("i32.gt_s", [0x4a], toI32, "i32"),
  gtU: binary("i32.gt_u", [0x4b], toI32, "i32"),
  leS: binary("i32.le_s", [0x4c], toI32, "i32"),
  leU: binary("i32.le_u", [0x4d], toI32, "i32"),
  geS: binary("i32.ge_s", [0x4e], toI32, "i32"),
  geU: binary("i32.ge_u", [0x4f], toI32, "i32"),
  clz: unary("i32.clz", [0x67], toI32, "i32"),
  ctz: unary("i32.ctz", [0x68], toI32, "i32"),
  popcnt: unary("i32.popcnt", [0x69], toI32, "i32"),
  add: folded("i32.add", 0x6a, (a, b) => (a + b) | 0, 0),
  sub: folded("i32.sub", 0x6b, (a, b) => (a - b) | 0, 0),
  mul: folded("i32.mul", 0x6c, Math.imul, 1),
  divS: binary("i32.div_s", [0x6d], toI32, "i32"),
  divU: binary("i32.div_u", [0x6e], toI32, "i32"),
  remS: binary("i32.rem_s", [0x6f], toI32, "i32"),
  remU: binary("i32.rem_u", [0x70], toI32, "i32"),
  and: binary("i32.and", [0x71], toI32, "i32"),
  or: binary("i32.or", [0x72], toI32, "i32"),
  xor: binary("i32.xor", [0x73], toI32, "i32"),
  shl: folded("i32.shl", 0x74, (a, b) => a << b, 0),
  shrS: binary("i32.shr_s", [0x75], toI32, "i32"),
  shrU: binary("i32.shr_u", [0x76], toI32, "i32"),
  rotl: binary("i32.rotl", [0x77], toI32, "i32"),
  rotr: binary("i32.rotr", [0x78], toI32, "i32"),
  wrapI64: unary("i32.wrap_i64", [0xa7], toI64, "i32"),
  reinterpretF32: unary("i32.reinterpret_f32", [0xbc], toF32, "i32"),
  /** Rounds towards zero; out of range gives the nearest integer, NaN gives 0. */
  truncSatF32S: unary("i32.trunc_sat_f32_s", [0xfc, 0x00], toF32, "i32"),
  truncSatF64S: unary("i32.trunc_sat_f64_s", [0xfc, 0x02], toF64, "i32"),
};

export const i64 = {
  const: i64Const,
  load: load("i64.load", [0x29], 3, "i64"),
  store: store("i64.store", [0x37], 3, toI64),
  eqz: unary("i64.eqz", [0x50], toI64, "i32"),
  eq: binary("i64.eq", [0x51], toI64, "i32"),
  ltS: binary("i64.lt_s", [0x53], toI64, "i32"),
  ltU: binary("i64.lt_u", [0x54], toI64, "i32"),
  add: binary("i64.add", [0x7c], toI64, "i64"),
  sub: binary("i64.sub", [0x7d], toI64, "i64"),
  mul: binary("i64.mul", [0x7e], toI64, "i64"),
  divU: binary("i64.div_u", [0x80], toI64, "i64"),
  and: binary("i64.and", [0x83], toI64, "i64"),
  or: binary("i64.or", [0x84], toI64, "i64"),
  xor: binary("i64.xor", [0x85], toI64, "i64"),
  shl: binary("i64.shl", [0x86], toI64, "i64"),
  shrS: binary("i64.shr_s", [0x87], toI64, "i64"),
  shrU: binary("i64.shr_u", [0x88], toI64, "i64"),
  extendI32S: unary("i64.extend_i32_s", [0xac], toI32, "i64"),
  extendI32U: unary("i64.extend_i32_u", [0xad], toI32, "i64"),
  reinterpretF64: unary("i64.reinterpret_f64", [0xbd], toF64, "i64"),
};
