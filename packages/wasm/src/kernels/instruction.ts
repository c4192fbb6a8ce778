import { factsOf, type Instruction } from "@sluice/compiler";
import type { DType } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import { type Expression, f32x4, i32, i32x4, type MultiplyAdd, v128 } from "../assembler/index.ts";
import * as math from "../math/index.ts";

/*
 * The instructions of a pass, on four elements at a time. In registers a bool is a mask of all ones or all zeros; in
 * memory it is 1 or 0.
 */
type Vector = Expression<"v128">;
export type Computation = Exclude<Instruction, { op: "load" }>;

const SIGN = 0x80000000 | 0;

export function fromMemory(dtype: DType, loaded: Vector): Vector {
  return dtype === "bool" ? i32x4.ne(loaded, 0) : loaded;
}

export function toMemory(dtype: DType, value: Vector): Vector {
  return dtype === "bool" ? v128.and(value, i32x4.const(1)) : value;
}

/** Whether it is a chain of dozens of machine instructions. */
export function isLong(instruction: Instruction): boolean {
  return instruction.op !== "load" && instruction.op !== "constant" && factsOf(instruction).cost === "long";
}

/** `multiplyAdd`: that of the module. */
export function compute(instruction: Computation, args: readonly Vector[], multiplyAdd: MultiplyAdd): Vector {
  const arg = (i: number): Vector => nth(args, i);
  switch (instruction.op) {
    case "constant":
      return constant(instruction.dtype, instruction.value);
    case "convert":
      return convert(instruction.from, instruction.dtype, arg(0));
    case "select":
      return v128.bitselect(arg(1), arg(2), arg(0));
    default: {
      const { op, operand } = instruction;
      if (isFunction(op)) return functions[op](arg(0), multiplyAdd);
      const write = operand === "i32" ? integer[op] : float[op];
      if (write === undefined) throw new Error(`wasm: no instruction for ${op} of ${operand}`);
      return write(...args);
    }
  }
}

function constant(dtype: DType, value: number): Vector {
  if (dtype === "f32") return f32x4.const(value);
  return i32x4.const(dtype === "bool" ? (value !== 0 ? -1 : 0) : value);
}

function convert(from: DType, to: DType, x: Vector): Vector {
  if (from === to) return x;
  switch (to) {
    case "bool":
      return from === "f32" ? f32x4.ne(x, 0) : i32x4.ne(x, 0);
    case "i32":
      return from === "f32" ? i32x4.truncSatF32x4S(x) : v128.and(x, i32x4.const(1));
    default:
      return from === "i32" ? f32x4.convertI32x4S(x) : v128.and(x, f32x4.const(1));
  }
}

type Write = (...operands: Vector[]) => Vector;
type Name = Exclude<Computation["op"], "constant" | "convert" | "select">;

/** Functions of f32 that multiply and add. */
const functions = {
  erf: math.erf,
  exp: math.exp,
  expm1: math.expm1,
  sigmoid: math.sigmoid,
  tanh: math.tanh,
};
type FunctionName = keyof typeof functions;

function isFunction(op: Name): op is FunctionName {
  return Object.hasOwn(functions, op);
}

/** Of f32; of bool, which are masks, where they are operations on those. */
const float: Readonly<Record<Exclude<Name, "shiftRight" | FunctionName>, Write>> & { readonly shiftRight?: Write } = {
  abs: f32x4.abs,
  add: f32x4.add,
  and: v128.and,
  ceil: f32x4.ceil,
  cos: math.cos,
  div: f32x4.div,
  equal: f32x4.eq,
  floor: f32x4.floor,
  less: f32x4.lt,
  lessEqual: f32x4.le,
  log: math.log,
  log1p: math.log1p,
  max: f32x4.max,
  min: f32x4.min,
  mul: f32x4.mul,
  neg: f32x4.neg,
  not: v128.not,
  or: v128.or,
  pow: math.pow,
  // Zeros and NaN stay what they are.
  sign: (x) => v128.bitselect(v128.or(v128.and(x, i32x4.const(SIGN)), f32x4.const(1)), x, f32x4.lt(0, f32x4.abs(x))),
  sin: math.sin,
  sqrt: f32x4.sqrt,
  stopGradient: (x) => x,
  sub: f32x4.sub,
};

const integer: Readonly<Partial<Record<Name, Write>>> = {
  abs: i32x4.abs,
  add: i32x4.add,
  equal: i32x4.eq,
  less: i32x4.ltS,
  lessEqual: i32x4.leS,
  max: i32x4.maxS,
  min: i32x4.minS,
  mul: i32x4.mul,
  neg: i32x4.neg,
  shiftRight,
  sign: (x) => i32x4.maxS(i32x4.minS(x, 1), -1),
  stopGradient: (x) => x,
  sub: i32x4.sub,
};

/** Shifts each lane by its own number of bits. No vector instruction does that. */
function shiftRight(a: Vector, bits: Vector): Vector {
  let result = a;
  for (let lane = 0; lane < 4; lane++) {
    result = i32x4.replaceLane(result, lane, i32.shrU(i32x4.extractLane(a, lane), i32x4.extractLane(bits, lane)));
  }
  return result;
}
