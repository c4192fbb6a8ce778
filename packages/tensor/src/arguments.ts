import { isFloat, type DType } from "./dtype.ts";
import { TensorError } from "./errors.ts";
import { shown } from "./shown.ts";
import { describe, isTensor, type Tensor } from "./tensor.ts";

/** Throws an error that begins with `operation` if a value is not a tensor. `what` names the argument. */
export function checkTensor(operation: string, what: string, value: unknown): asserts value is Tensor {
  if (!isTensor(value))
    throw new TensorError(`${operation}: ${what} is ${shown(value)}, expected a tensor${wrapped(value)}`);
}

/**
 * Throws an error if an operand is neither a tensor nor, with `numbers`, a number. Every operation calls this, so it
 * builds the message only when it throws.
 */
export function checkOperands(
  operation: string,
  operands: readonly unknown[],
  { numbers = false }: { readonly numbers?: boolean } = {},
): void {
  for (let index = 0; index < operands.length; index++) {
    const operand = operands[index];
    if (!isTensor(operand) && !(numbers && typeof operand === "number"))
      checkTensor(operation, `operand ${index + 1}`, operand);
  }
}

/** Throws an error if a value is not a list of tensors. */
export function checkTensors(operation: string, what: string, values: unknown): void {
  if (!Array.isArray(values))
    throw new TensorError(`${operation}: ${what} is ${shown(values)}, expected a list of tensors`);
  values.forEach((value, index) => checkTensor(operation, `${what}[${index}]`, value));
}

/** Throws an error if a value is not a list. */
export function checkList(operation: string, what: string, value: unknown, example: string): void {
  if (!Array.isArray(value))
    throw new TensorError(`${operation}: ${what} is ${shown(value)}, expected a list, such as ${example}`);
}

/** Throws an error if a value is not a function. */
export function checkFunction(operation: string, what: string, value: unknown): void {
  if (typeof value !== "function")
    throw new TensorError(`${operation}: ${what} is ${shown(value)}, expected a function`);
}

/** Throws an error if a value is not a list of integers, such as axes or positions along each axis. */
export function checkIntegers(operation: string, what: string, values: unknown): void {
  if (Array.isArray(values) && values.every(Number.isInteger)) return;
  throw new TensorError(`${operation}: ${what} is ${shown(values)}, expected a list of integers`);
}

/**
 * Whether a value is an object other than a tensor whose members have these types: `{ init: "function" }`. Members of a
 * class count too.
 */
export function hasMembers(given: unknown, members: Readonly<Record<string, string>>): boolean {
  if (typeof given !== "object" || given === null || isTensor(given)) return false;
  return Object.entries(members).every(([name, type]) => {
    const member: unknown = Reflect.get(given, name);
    return typeof member === type && member !== null;
  });
}

/**
 * Throws an error if a value is not an object like the one that `example` makes. A common mistake is to pass the
 * function instead of calling it.
 */
export function checkMade(
  operation: string,
  what: string,
  given: unknown,
  members: Readonly<Record<string, string>>,
  example: string,
): void {
  if (hasMembers(given, members)) return;
  throw new TensorError(
    `${operation}: ${what} is ${shown(given)}, expected the result of ${example}${typeof given === "function" ? ": call it" : ""}`,
  );
}

/** What to do about a NaN where a tensor is expected: it comes of JavaScript's operators. */
export const notArithmetic = "JavaScript's * + - / do not compute with tensors: write mul(a, b), add, sub or div";

/** How to make a tensor from a value that is not one. */
function wrapped(value: unknown): string {
  if (typeof value === "number" && Number.isNaN(value)) return `; ${notArithmetic}`;
  if (typeof value === "number") return `; make one: scalar(${value})`;
  return Array.isArray(value) || ArrayBuffer.isView(value) ? "; make one: tensor(values, shape)" : "";
}

/** Throws an error if the dtype of `x` is not among `accepts`. */
export function checkDType(op: string, accepts: readonly DType[], x: Tensor): void {
  checkTensor(op, "the operand", x);
  if (accepts.includes(x.dtype)) return;
  const fix = accepts.every(isFloat) ? `convert it first: convert(x, "f32")` : "convert it first";
  throw new TensorError(`${op}: ${describe(x)} is ${x.dtype}, expected ${accepts.join(" or ")}; ${fix}`);
}
