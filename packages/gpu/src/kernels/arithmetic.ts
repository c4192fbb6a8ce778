import type { DType } from "@sluice/tensor";
import type { BinaryName, UnaryName } from "@sluice/tensor/internal";
import type { KernelBody } from "./body.ts";
import * as integers from "./integers.ts";
import { name } from "./integers.ts";
import { bool, codeOf, float, halvesOf, integer, type Scalar } from "./scalar.ts";
import * as transcendental from "./transcendental.ts";

/*
 * Elementwise operations. Comparisons and selections propagate NaN as the primitives define, on devices that follow
 * IEEE 754. WGSL allows a device to assume that there is no NaN.
 */

export function unary(body: KernelBody, op: UnaryName, x: Scalar): Scalar {
  if (x.dtype === "i32") return unaryInteger(body, op, x);
  const code = x.code;
  const value = (text: string): Scalar => float(name(body, text));
  switch (op) {
    case "abs":
      return value(`Math.abs(${code})`);
    case "ceil":
      return value(`Math.ceil(${code})`);
    case "cos":
      return transcendental.sine(body, code, 1);
    case "erf":
      return transcendental.erf(body, code);
    case "exp":
      return value(`Math.exp(${code})`);
    case "expm1":
      return transcendental.expm1(body, code);
    case "floor":
      return value(`Math.floor(${code})`);
    case "log":
      return transcendental.log(body, code);
    case "log1p":
      return transcendental.log1p(body, code);
    case "neg":
      return value(`-${code}`);
    case "not":
      return bool(name(body, `1.0 - ${code}`));
    case "sigmoid":
      return transcendental.sigmoid(body, code);
    case "sign":
      return value(`${code} > 0.0 ? 1.0 : (${code} < 0.0 ? -1.0 : ${code})`);
    case "sin":
      return transcendental.sine(body, code, 0);
    case "sqrt":
      return value(`Math.sqrt(${code})`);
    case "stopGradient":
      return x;
    case "tanh":
      return transcendental.tanh(body, code);
  }
}

function unaryInteger(body: KernelBody, op: UnaryName, x: Scalar): Scalar {
  const halves = halvesOf(x);
  switch (op) {
    case "abs":
      return integers.abs(body, halves);
    case "neg":
      return integers.neg(body, halves);
    case "sign":
      return integers.sign(body, halves);
    case "stopGradient":
      return x;
    default:
      throw new Error(`gpu: no instruction for ${op} of i32`);
  }
}

export function binary(body: KernelBody, op: BinaryName, a: Scalar, b: Scalar): Scalar {
  if (a.dtype === "i32") return binaryInteger(body, op, a, b);
  const [x, y] = [codeOf(a), codeOf(b)];
  const value = (text: string): Scalar => float(name(body, text));
  const truth = (text: string): Scalar => bool(name(body, `${text} ? 1.0 : 0.0`));
  switch (op) {
    case "add":
      return value(`${x} + ${y}`);
    case "and":
      return bool(name(body, `${x} * ${y}`));
    case "div":
      return value(`${x} / ${y}`);
    case "equal":
      return truth(`${x} === ${y}`);
    case "less":
      return truth(`${x} < ${y}`);
    case "lessEqual":
      return truth(`${x} <= ${y}`);
    case "max":
      return value(`${x} > ${y} ? ${x} : (${y} >= ${x} ? ${y} : ${x} + ${y})`);
    case "min":
      return value(`${x} < ${y} ? ${x} : (${y} <= ${x} ? ${y} : ${x} + ${y})`);
    case "mul":
      return value(`${x} * ${y}`);
    case "or":
      return bool(name(body, `${x} > ${y} ? ${x} : ${y}`));
    case "pow":
      return transcendental.pow(body, x, y);
    case "sub":
      return value(`${x} - ${y}`);
    case "shiftRight":
      throw new Error("gpu: shiftRight needs i32");
  }
}

function binaryInteger(body: KernelBody, op: BinaryName, a: Scalar, b: Scalar): Scalar {
  const [x, y] = [halvesOf(a), halvesOf(b)];
  switch (op) {
    case "add":
      return integers.add(body, x, y);
    case "equal":
      return integers.equal(body, x, y);
    case "less":
      return integers.less(body, x, y);
    case "lessEqual":
      return bool(name(body, `1.0 - ${integers.less(body, y, x).code}`));
    case "max":
      return integers.max(body, x, y);
    case "min":
      return integers.min(body, x, y);
    case "mul":
      return integers.mul(body, x, y);
    case "shiftRight":
      return integers.shiftRight(body, x, Number(y.low));
    case "sub":
      return integers.sub(body, x, y);
    default:
      throw new Error(`gpu: no instruction for ${op} of i32`);
  }
}

export function select(body: KernelBody, condition: Scalar, a: Scalar, b: Scalar): Scalar {
  const chosen = codeOf(condition);
  if (a.dtype === "i32") return integers.select(body, bool(chosen), a, halvesOf(b));
  return { dtype: a.dtype, code: name(body, `${chosen} > 0.5 ? ${codeOf(a)} : ${codeOf(b)}`) };
}

export function convert(body: KernelBody, x: Scalar, to: DType): Scalar {
  if (x.dtype === to) return x;
  if (x.dtype === "i32") {
    if (to === "f32") return integers.toFloat(body, x);
    return bool(name(body, `(${x.high} === 0.0 && ${x.low} === 0.0) ? 0.0 : 1.0`));
  }
  if (to === "i32") return x.dtype === "bool" ? integer("0.0", x.code) : integers.fromFloat(body, x.code);
  if (to === "bool") return bool(name(body, `${x.code} === 0.0 ? 0.0 : 1.0`));
  return float(x.code);
}
