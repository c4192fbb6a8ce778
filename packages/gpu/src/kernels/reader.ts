import type { ArrayTensor, Tensor } from "@sluice/tensor";
import type { Operation, SymbolTensor } from "@sluice/tensor/internal";
import { nth } from "@sluice/tensor/internal";
import { binary, convert, select, unary } from "./arithmetic.ts";
import { concat, pad } from "./assembly.ts";
import { literal, type KernelBody } from "./body.ts";
import { fromIndex, toFloat } from "./integers.ts";
import { keyOf, offsetOf, type Index } from "./position.ts";
import { constant, float, halvesOf, integer, type Scalar } from "./scalar.ts";
import type { BufferLocation, Sources } from "./source.ts";
import { throughView } from "./view.ts";

/** Gives elements of tensors in a kernel: read from a buffer, seen through views, or computed on the fly. */
export interface Reader {
  readonly body: KernelBody;
  value(x: Tensor, index: readonly Index[]): Scalar;
  /** Computes the element, even if the value is in a buffer. */
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
      return "place" in source
        ? load(body, x.dtype, source.place, index)
        : reader.value(source.tensor, [...source.lead, ...index]);
    },
    compute: (x, index) =>
      body.shared(`${body.id(x.node)}.${x.index}@${index.map(keyOf).join()}`, () => compute(reader, x, index)),
  };
  return reader;
}

/**
 * The value of a constant whose elements are all equal and finite. Other constants are read from memory, because
 * literals must be finite.
 */
function uniformOf(x: ArrayTensor): number | undefined {
  const first = x.uniform ?? x.data[0] ?? 0;
  if (!Number.isFinite(first)) return undefined;
  return x.uniform !== undefined || x.data.every((value) => Object.is(value, first)) ? first : undefined;
}

function load(
  body: KernelBody,
  dtype: Tensor["dtype"],
  { buffer, offset, strides, low }: BufferLocation,
  index: readonly Index[],
): Scalar {
  const read = (start: number): string => {
    const at = body.code(offsetOf(index, strides, start));
    const array = body.array(buffer);
    return body.define(`${array}[${at}]`, () => `${array}[${at}]`);
  };
  if (dtype === "i32") return integer(read(offset), read(offset + low));
  return { dtype: dtype === "bool" ? "bool" : "f32", code: read(offset) };
}

function compute(reader: Reader, x: SymbolTensor, index: readonly Index[]): Scalar {
  const { operation, inputs } = x.node;
  const operand = (i: number): Tensor => nth(inputs, i);
  const read = (i: number): Scalar => reader.value(operand(i), index);
  switch (operation.op) {
    case "broadcast":
    case "reshape":
    case "slice":
    case "transpose":
      return reader.value(operand(0), throughView(reader.body, operation, operand(0).shape, index));
    case "name":
    case "stopGradient":
      return read(0);
    case "concat":
      return concat(reader, x.node, operation.axis, index);
    case "pad":
      return pad(reader, operand(0), operation.before, index);
    case "iota": {
      const code = reader.body.code(nth(index, operation.axis));
      return operation.dtype === "i32" ? fromIndex(reader.body, code) : float(code);
    }
    case "gather": {
      const [x, indices] = [operand(0), operand(1)];
      const rank = indices.shape.length;
      const row = rowOf(reader, indices, index.slice(0, rank), nth(x.shape, 0));
      return reader.value(x, [row, ...index.slice(rank)]);
    }
    case "select":
      return select(reader.body, read(0), read(1), read(2));
    case "convert":
      return convert(reader.body, read(0), operation.dtype);
    case "checkpoint":
    case "cumulativeSum":
    case "customGradient":
    case "input":
    case "matmul":
    case "randomBits":
    case "reduceMax":
    case "reduceSum":
    case "scan":
    case "scatterAdd":
      throw new Error(`gpu: ${operation.op} is read before it was computed`);
    default:
      return isBinary(operation, inputs)
        ? binary(reader.body, operation.op, read(0), read(1))
        : unary(reader.body, operation.op, read(0));
  }
}

type Elementwise = Extract<Operation, { op: Parameters<typeof unary>[1] | Parameters<typeof binary>[1] }>;

function isBinary(
  operation: Elementwise,
  inputs: readonly Tensor[],
): operation is Extract<Operation, { op: Parameters<typeof binary>[1] }> {
  return inputs.length === 2;
}

/** An index that the program computes, clamped to the existing rows. */
export function rowOf(reader: Reader, indices: Tensor, index: readonly Index[], rows: number): Index {
  const { body } = reader;
  const code = toFloat(body, halvesOf(reader.value(indices, index))).code;
  return body.index(
    body.define(`row ${code}/${rows}`, () => `Math.min(Math.max(${code}, 0.0), ${literal(rows - 1)}) + 0.0`),
  );
}
