import { keepsAxes } from "@sluice/compiler";
import { sizeOf, stridesOf, type ArrayTensor, type Node, type Operation, type Shape, type SymbolTensor, type Tensor } from "@sluice/tensor";
import { binary, convert, select, unary } from "./arithmetic.ts";
import { literal, type KernelBody } from "./body.ts";
import { fromIndex, toFloat } from "./integers.ts";
import { fixed, keyOf, offsetOf, plus, type Index } from "./position.ts";
import { constant, float, halvesOf, integer, type Scalar } from "./scalar.ts";
import type { Place, Sources } from "./source.ts";

/** Elements of tensors in a kernel: read where they lie, seen through views, or computed on the way. */
export interface Reader {
  readonly body: KernelBody;
  value(x: Tensor, index: readonly Index[]): Scalar;
  /** By the operation, even where the value lies in a buffer. */
  compute(x: SymbolTensor, index: readonly Index[]): Scalar;
}

export function readerOf(body: KernelBody, sources: Sources): Reader {
  const reader: Reader = {
    body,
    value(x, index) {
      if (x.kind === "array") {
        const value = uniformOf(x);
        return value === undefined ? load(body, x.dtype, sources.constant(x), index) : constant(x.dtype, value);
      }
      const source = sources.of(x);
      if (source === undefined) return reader.compute(x, index);
      return "place" in source ? load(body, x.dtype, source.place, index) : reader.value(source.tensor, [...source.lead, ...index]);
    },
    compute: (x, index) => body.shared(`${body.id(x.node)}.${x.index}@${index.map(keyOf).join()}`, () => compute(reader, x, index)),
  };
  return reader;
}

/** The one finite value of a constant. Others are read from memory: a literal is finite. */
function uniformOf(x: ArrayTensor): number | undefined {
  const first = x.uniform ?? x.data[0] ?? 0;
  if (!Number.isFinite(first)) return undefined;
  return x.uniform !== undefined || x.data.every((value) => Object.is(value, first)) ? first : undefined;
}

function load(body: KernelBody, dtype: Tensor["dtype"], { buffer, offset, strides, low }: Place, index: readonly Index[]): Scalar {
  const read = (start: number): string => {
    const at = body.code(offsetOf(index, strides, start));
    const array = body.array(buffer);
    return body.define(`${array}[${at}]`, () => `${array}[${at}]`);
  };
  if (dtype === "i32") return integer(read(offset), read(offset + low));
  return { dtype: dtype === "bool" ? "bool" : "f32", code: read(offset) };
}

/** The indices of an element by its number in row-major order. */
export function decode(body: KernelBody, flat: Index, shape: Shape): Index[] {
  let rest = flat;
  return shape.map((n, axis) => {
    if (n === 1) return fixed(0);
    const inner = sizeOf(shape.slice(axis + 1));
    const index = body.quotient(rest, inner, n);
    rest = body.remainder(rest, inner);
    return index;
  });
}

function compute(reader: Reader, x: SymbolTensor, index: readonly Index[]): Scalar {
  const { operation, inputs } = x.node;
  const [first, second, third] = inputs;
  const read = (operand: Tensor | undefined): Scalar => reader.value(operand!, index);
  switch (operation.op) {
    case "broadcast":
    case "reshape":
    case "slice":
    case "transpose":
      return reader.value(first!, throughView(reader.body, operation, first!.shape, index));
    case "name":
    case "stopGradient":
      return read(first);
    case "concat":
      return concat(reader, x.node, operation.axis, index);
    case "pad":
      return pad(reader, first!, operation.before, index);
    case "iota": {
      const code = reader.body.code(index[operation.axis]!);
      return operation.dtype === "i32" ? fromIndex(reader.body, code) : float(code);
    }
    case "gather":
      return reader.value(first!, [rowOf(reader, second!, index.slice(0, second!.shape.length), first!.shape[0]!), ...index.slice(second!.shape.length)]);
    case "select":
      return select(reader.body, read(first), read(second), read(third));
    case "convert":
      return convert(reader.body, read(first), operation.dtype);
    case "checkpoint":
    case "cumulativeSum":
    case "input":
    case "matmul":
    case "randomBits":
    case "reduceMax":
    case "reduceSum":
    case "scan":
    case "scatterAdd":
      throw new Error(`gpu: ${operation.op} is read before it is computed`);
    default:
      return isBinary(operation, inputs) ? binary(reader.body, operation.op, read(first), read(second)) : unary(reader.body, operation.op, read(first));
  }
}

type Elementwise = Extract<Operation, { op: Parameters<typeof unary>[1] | Parameters<typeof binary>[1] }>;

function isBinary(operation: Elementwise, inputs: readonly Tensor[]): operation is Extract<Operation, { op: Parameters<typeof binary>[1] }> {
  return inputs.length === 2;
}

type View = Extract<Operation, { op: "broadcast" | "reshape" | "slice" | "transpose" }>;

/** The indices in a view's source of what lies at `index` in the view. */
function throughView(body: KernelBody, operation: View, from: Shape, index: readonly Index[]): readonly Index[] {
  switch (operation.op) {
    case "slice":
      return index.map((i, axis) => plus(i, fixed(operation.starts[axis]!)));
    case "transpose":
      return from.map((_, axis) => index[operation.axes.indexOf(axis)]!);
    case "broadcast": {
      const added = operation.shape.length - from.length;
      return from.map((n, axis) => (n === 1 ? fixed(0) : index[axis + added]!));
    }
    case "reshape": {
      if (!keepsAxes(from, operation.shape)) return decode(body, offsetOf(index, stridesOf(operation.shape), 0), from);
      const long = index.filter((_, axis) => operation.shape[axis] !== 1);
      let next = 0;
      return from.map((n) => (n === 1 ? fixed(0) : long[next++]!));
    }
  }
}

/** An index that the program computes, clamped to the rows that there are. */
export function rowOf(reader: Reader, indices: Tensor, index: readonly Index[], rows: number): Index {
  const { body } = reader;
  const code = toFloat(body, halvesOf(reader.value(indices, index))).code;
  return body.index(body.define(`row ${code}/${rows}`, () => `Math.min(Math.max(${code}, 0.0), ${literal(rows - 1)}) + 0.0`));
}

function concat(reader: Reader, { inputs }: Node, axis: number, index: readonly Index[]): Scalar {
  let start = 0;
  const parts = inputs.flatMap((tensor) => {
    const from = start;
    start += tensor.shape[axis]!;
    return tensor.shape[axis] === 0 ? [] : [{ tensor, from, stop: start }];
  });
  const at = (from: number): Index[] => index.map((i, a) => (a === axis ? plus(i, fixed(-from)) : i));
  const along = index[axis]!;
  if (along.terms.size === 0) {
    const part = parts.find(({ stop }) => along.constant < stop)!;
    return reader.value(part.tensor, at(part.from));
  }
  const { body } = reader;
  const position = body.code(along);
  const result = zero(body, inputs[0]!.dtype);
  const choose = (rest: typeof parts): void => {
    const [part, ...others] = rest;
    const write = (): void => assign(body, result, reader.value(part!.tensor, at(part!.from)));
    if (others.length === 0) return write();
    body.block(`if (${position} < ${literal(part!.stop)})`, write);
    body.block("else", () => choose(others));
  };
  choose(parts);
  return result;
}

function pad(reader: Reader, source: Tensor, before: readonly number[], index: readonly Index[]): Scalar {
  const { body } = reader;
  const inner = index.map((i, axis) => plus(i, fixed(-before[axis]!)));
  const result = zero(body, source.dtype);
  if (source.shape.includes(0)) return result;
  const inside = inner.flatMap((i, axis) => {
    const code = body.code(i);
    return [`${code} >= 0.0`, `${code} < ${literal(source.shape[axis]!)}`];
  });
  const write = (): void => assign(body, result, reader.value(source, inner));
  if (inside.length === 0) write();
  else body.block(`if (${inside.join(" && ")})`, write);
  return result;
}

/** A variable for a value of a dtype, at first 0. */
export function zero(body: KernelBody, dtype: Tensor["dtype"]): Scalar {
  if (dtype === "i32") return integer(body.declare("0.0"), body.declare("0.0"));
  return { dtype: dtype === "bool" ? "bool" : "f32", code: body.declare("0.0") };
}

export function assign(body: KernelBody, to: Scalar, value: Scalar): void {
  if (to.dtype === "i32") {
    const { high, low } = halvesOf(value);
    body.line(`${to.high} = ${high};`);
    body.line(`${to.low} = ${low};`);
  } else if (value.dtype !== "i32") body.line(`${to.code} = ${value.code};`);
}
