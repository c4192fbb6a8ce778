import type { Instruction } from "@sluice/compiler";
import type { DType } from "@sluice/tensor";
import { type Expression, f32x4, i32, i32x4, v128 } from "../assembler/index.ts";
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

const long: ReadonlySet<string> = new Set(["exp", "expm1", "log", "log1p", "sigmoid", "tanh"]);

/** Whether it is a chain of dozens of machine instructions. */
export function isLong({ op }: Instruction): boolean {
  return long.has(op);
}

export function compute(instruction: Computation, args: readonly Vector[]): Vector {
  const [a, b, c] = args;
  switch (instruction.op) {
    case "constant":
      return constant(instruction.dtype, instruction.value);
    case "convert":
      return convert(instruction.from, instruction.dtype, a!);
    case "select":
      return v128.bitselect(b!, c!, a!);
    default: {
      const { op, operand } = instruction;
      if (b === undefined) return operand === "i32" ? unaryI32(op, a!) : unaryF32(op, a!);
      return operand === "i32" ? binaryI32(op, a!, b) : binaryF32(op, a!, b);
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

function unaryF32(op: string, x: Vector): Vector {
  switch (op) {
    case "abs":
      return f32x4.abs(x);
    case "ceil":
      return f32x4.ceil(x);
    case "exp":
      return math.exp(x);
    case "expm1":
      return math.expm1(x);
    case "floor":
      return f32x4.floor(x);
    case "log":
      return math.log(x);
    case "log1p":
      return math.log1p(x);
    case "neg":
      return f32x4.neg(x);
    case "not":
      return v128.not(x);
    case "sigmoid":
      return math.sigmoid(x);
    // Zeros and NaN are unchanged.
    case "sign":
      return v128.bitselect(v128.or(v128.and(x, i32x4.const(SIGN)), f32x4.const(1)), x, f32x4.lt(0, f32x4.abs(x)));
    case "sqrt":
      return f32x4.sqrt(x);
    case "stopGradient":
      return x;
    case "tanh":
      return math.tanh(x);
    default:
      throw unknown(op, "f32");
  }
}

function unaryI32(op: string, x: Vector): Vector {
  switch (op) {
    case "abs":
      return i32x4.abs(x);
    case "neg":
      return i32x4.neg(x);
    case "sign":
      return i32x4.maxS(i32x4.minS(x, 1), -1);
    case "stopGradient":
      return x;
    default:
      throw unknown(op, "i32");
  }
}

function binaryF32(op: string, a: Vector, b: Vector): Vector {
  switch (op) {
    case "add":
      return f32x4.add(a, b);
    case "and":
      return v128.and(a, b);
    case "div":
      return f32x4.div(a, b);
    case "equal":
      return f32x4.eq(a, b);
    case "less":
      return f32x4.lt(a, b);
    case "lessEqual":
      return f32x4.le(a, b);
    case "max":
      return f32x4.max(a, b);
    case "min":
      return f32x4.min(a, b);
    case "mul":
      return f32x4.mul(a, b);
    case "or":
      return v128.or(a, b);
    case "sub":
      return f32x4.sub(a, b);
    default:
      throw unknown(op, "f32");
  }
}

function binaryI32(op: string, a: Vector, b: Vector): Vector {
  switch (op) {
    case "add":
      return i32x4.add(a, b);
    case "equal":
      return i32x4.eq(a, b);
    case "less":
      return i32x4.ltS(a, b);
    case "lessEqual":
      return i32x4.leS(a, b);
    case "max":
      return i32x4.maxS(a, b);
    case "min":
      return i32x4.minS(a, b);
    case "mul":
      return i32x4.mul(a, b);
    case "shiftRight":
      return shiftRight(a, b);
    case "sub":
      return i32x4.sub(a, b);
    default:
      throw unknown(op, "i32");
  }
}

/** Shifts each lane by its own number of bits. No vector instruction does that. */
function shiftRight(a: Vector, bits: Vector): Vector {
  let result = a;
  for (let lane = 0; lane < 4; lane++) {
    result = i32x4.replaceLane(result, lane, i32.shrU(i32x4.extractLane(a, lane), i32x4.extractLane(bits, lane)));
  }
  return result;
}

function unknown(op: string, dtype: DType): Error {
  return new Error(`wasm: no instruction for ${op} of ${dtype}`);
}
