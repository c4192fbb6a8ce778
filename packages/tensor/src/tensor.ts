import { allocate, checkKnownDType, dtypeOf, type DType, type Values } from "./dtype.ts";
import { TensorError } from "./errors.ts";
import type { Node } from "./node.ts";
import { checkOptions } from "./options.ts";
import { shown } from "./shown.ts";
import { checkShape, showShape, sizeOf, type Shape } from "./shape.ts";

/** The shape and dtype of a tensor. */
export interface Type {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A tensor with values, row-major. The values must never be changed. */
export interface ArrayTensor extends Type {
  readonly kind: "array";
  readonly data: Values;
  /** The value of every element, if it is known without reading them, as for a broadcast scalar. */
  readonly uniform?: number;
  /** The pieces of a tensor that is zero elsewhere, if they are known, from the first element to the last. */
  readonly pieces?: readonly Piece[];
}

/** Consecutive values of a tensor, from element `at`. */
export interface Piece {
  readonly at: number;
  readonly values: Values;
}

/** A tensor that stands for output `index` of `node` in a program that is being recorded. */
export interface SymbolTensor extends Type {
  readonly kind: "symbol";
  readonly node: Node;
  readonly index: number;
}

/**
 * A tensor has a static shape, a dtype, and either values or a symbol. A function of tensors therefore runs eagerly on
 * arrays, or is recorded into a {@link Program} when it is called with symbols.
 */
export type Tensor = ArrayTensor | SymbolTensor;

/** A tensor, or a number that stands for a scalar of the other operand's dtype. */
export type Operand = Tensor | number;

/**
 * A tensor of `values` (row-major) with `shape`, by default one axis. A typed array of the dtype is used without
 * copying. The default dtype is that of the typed array, or f32 for a list of numbers. Throws an error if the values do
 * not fill the shape or do not fit the dtype (2 as a bool, 0.5 as an i32).
 */
export function tensor(
  values: Values | readonly number[],
  shape?: Shape,
  options: { readonly dtype?: DType } = {},
): ArrayTensor {
  checkOptions("tensor", options, ["dtype"], { type: "dtype" });
  checkValues(values);
  const dtype = options.dtype ?? (isTyped(values) ? dtypeOf(values) : "f32");
  checkKnownDType("tensor", dtype);
  const as = shape ?? [values.length];
  checkShape("tensor", as);
  if (sizeOf(as) !== values.length) {
    throw new TensorError(`tensor: ${values.length} values do not fill the shape ${showShape(as)} of ${sizeOf(as)}`);
  }
  if (dtype === "i32" || dtype === "bool") checkWhole(values, dtype);
  if (isTyped(values) && values.constructor === allocate(dtype, 0).constructor) {
    return { kind: "array", shape: as, dtype, data: values };
  }
  const data = allocate(dtype, values.length);
  data.set(values);
  return { kind: "array", shape: as, dtype, data };
}

/** A tensor of shape [] that holds one value. */
export function scalar(value: number, dtype: DType = "f32"): ArrayTensor {
  if (typeof value !== "number") throw new TensorError(`scalar: the value is ${shown(value)}, expected a number`);
  return tensor([value], [], { dtype });
}

/** A tensor that holds `value` everywhere. */
export function full(shape: Shape, value: number, dtype: DType = "f32"): ArrayTensor {
  checkShape("full", shape);
  checkKnownDType("full", dtype);
  if (typeof value !== "number") throw new TensorError(`full: the value is ${shown(value)}, expected a number`);
  if (dtype === "i32" || dtype === "bool") checkWhole([value], dtype);
  const data = allocate(dtype, sizeOf(shape));
  if (!Object.is(value, 0)) data.fill(value);
  return { kind: "array", shape, dtype, data };
}

/**
 * An array whose elements all have the same value. It is not written until `data` is read, because a program's
 * constants may be as large as its other values.
 */
export function uniformArray(shape: Shape, value: number, dtype: DType): ArrayTensor {
  const [uniform] = full([1], value, dtype).data;
  return Object.defineProperty(
    lazyArray(shape, dtype, () => full(shape, value, dtype).data),
    "uniform",
    { value: uniform },
  );
}

/** An array whose values are written when they are first read. */
function lazyArray(shape: Shape, dtype: DType, write: () => Values): ArrayTensor {
  let data: Values | undefined;
  return {
    kind: "array",
    shape,
    dtype,
    get data() {
      return (data ??= write());
    },
  };
}

/**
 * An array that is zero except for pieces, which are in order and do not overlap. It is not written until `data` is
 * read. A batch of sequences padded to one length is such an array; a backend may copy only the pieces.
 */
export function piecewiseArray(shape: Shape, pieces: readonly Piece[], dtype: DType): ArrayTensor {
  checkShape("piecewiseArray", shape);
  const like = allocate(dtype, 0).constructor;
  let end = 0;
  for (const { at, values } of pieces) {
    if (values.constructor !== like)
      throw new TensorError(
        `piecewiseArray: pieces of a tensor of ${dtype} must be ${like.name}, got ${values.constructor.name}`,
      );
    if (at < end || at + values.length > sizeOf(shape)) {
      throw new TensorError(
        `piecewiseArray: a piece of ${values.length} elements from element ${at} does not lie between the piece before it, which ends at ${end}, and the end of ${showShape(shape)}`,
      );
    }
    end = at + values.length;
  }
  const array = lazyArray(shape, dtype, () => {
    const data = allocate(dtype, sizeOf(shape));
    for (const { at, values } of pieces) data.set(values, at);
    return data;
  });
  return Object.defineProperty(array, "pieces", { value: pieces });
}

/** A tensor of zeros. */
export const zerosArray = (shape: Shape, dtype: DType = "f32"): ArrayTensor => full(shape, 0, dtype);
/** Zeros in the shape and dtype of another tensor. */
export const zerosLike = (x: Type): ArrayTensor => fullLike("zerosLike", x, 0);
/** Ones in the shape and dtype of another tensor. */
export const onesLike = (x: Type): ArrayTensor => fullLike("onesLike", x, 1);

function fullLike(operation: string, x: Type, value: number): ArrayTensor {
  if (typeof x !== "object" || x === null || !("shape" in x))
    throw new TensorError(`${operation}: the argument is ${shown(x)}, expected a tensor`);
  return full(x.shape, value, x.dtype);
}

/** Whether a value is a tensor, with values or symbolic. */
export function isTensor(value: unknown): value is Tensor {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    (value.kind === "array" || value.kind === "symbol")
  );
}

/** The values of a tensor. Throws an error for a symbol, which has no values while a function is recorded. */
export function valuesOf(x: Tensor): Values {
  if (!isTensor(x)) throw new TensorError(`values: the argument is ${shown(x)}, expected a tensor`);
  if (x.kind === "array") return x.data;
  throw new TensorError(
    `values: ${describe(x)} is a symbol, which has no values while a function is recorded. Return it from the function and read the result`,
  );
}

/** The value of a scalar. */
export function item(x: Tensor): number {
  const values = valuesOf(x);
  const value = values[0];
  if (value === undefined || values.length > 1) throw new TensorError(`item: expected one value, got ${describe(x)}`);
  return value;
}

/** How an error names a tensor: by its label, if it has one, and its shape. */
export function describe(x: Tensor): string {
  const label = labelOf(x);
  return label === "" ? showShape(x.shape) : `${label} ${showShape(x.shape)}`;
}

/** The label of an input or of a `named` tensor; "" if there is none. */
export function labelOf(x: Tensor): string {
  const operation = x.kind === "symbol" ? x.node.operation : undefined;
  return operation?.op === "input" || operation?.op === "name" ? operation.label : "";
}

function checkWhole(values: Values | readonly number[], dtype: "i32" | "bool"): void {
  if (dtype === "i32" && values instanceof Int32Array) return;
  for (const value of values) {
    if (dtype === "bool" ? value === 0 || value === 1 : (value | 0) === value) continue;
    throw new TensorError(
      `tensor: ${value} is not a valid ${dtype}, which holds ${dtype === "bool" ? "0 or 1" : "32-bit integers"}`,
    );
  }
}

/**
 * Typed arrays silently convert other values to numbers: null becomes 0, strings and nested lists become NaN. The
 * elements of lists are therefore checked. For a typed array it is enough to check its kind and whether its buffer was
 * transferred.
 */
function checkValues(values: unknown): void {
  if (values instanceof Float32Array || values instanceof Float64Array || values instanceof Int32Array) {
    if (values.buffer instanceof ArrayBuffer && values.buffer.detached === true) {
      throw new TensorError(
        "tensor: the buffer of the values is detached: it was transferred elsewhere. Copy them first: values.slice()",
      );
    }
    return;
  }
  if (!Array.isArray(values)) {
    const fix = ArrayBuffer.isView(values) ? `; convert it: ${conversionOf(values)}` : "";
    throw new TensorError(
      `tensor: the values are ${shown(values)}, expected a list of numbers, a Float32Array, a Float64Array or an Int32Array${fix}`,
    );
  }
  for (let index = 0; index < values.length; index++) {
    const value: unknown = values[index];
    if (typeof value === "number") continue;
    const fix = Array.isArray(value)
      ? "; give nested lists as one list with a shape: tensor(values.flat(), shape)"
      : value === null || value === undefined
        ? "; say what stands for a missing value"
        : "";
    throw new TensorError(`tensor: value ${index} is ${shown(value)}, expected a number${fix}`);
  }
}

/** How to convert a typed array of another kind; integers may be class indices, which are i32. */
function conversionOf(values: ArrayBufferView): string {
  if (values instanceof BigInt64Array || values instanceof BigUint64Array) return "Int32Array.from(values, Number)";
  return values instanceof DataView
    ? "new Float32Array(values.buffer)"
    : "Int32Array.from(values) for indices, such as classes, or Float32Array.from(values)";
}

function isTyped(values: Values | readonly number[]): values is Values {
  return ArrayBuffer.isView(values);
}
