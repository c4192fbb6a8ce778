import { type ArrayTensor, type DType, type Values } from "@sluice/tensor";
import { allocate } from "@sluice/tensor/internal";

/** Bytes per element in a file. A bool, four bytes in memory, takes one. */
export const widths: Readonly<Record<DType, number>> = { f64: 8, f32: 4, i32: 4, bool: 1 };

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The elements in little-endian order: a view if that is the machine's order, otherwise a copy. */
export function bytesOf({ dtype, data }: ArrayTensor): Uint8Array {
  if (dtype === "bool") return Uint8Array.from(data, (x) => (x === 0 ? 0 : 1));
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return littleEndian ? bytes : swapped(bytes, widths[dtype]);
}

/** The elements of {@link bytesOf}, copied. */
export function valuesFrom(bytes: Uint8Array, dtype: DType): Values {
  const values = allocate(dtype, bytes.length / widths[dtype]);
  if (dtype === "bool") bytes.forEach((byte, i) => (values[i] = byte === 0 ? 0 : 1));
  else new Uint8Array(values.buffer).set(littleEndian ? bytes : swapped(bytes, widths[dtype]));
  return values;
}

function swapped(bytes: Uint8Array, width: number): Uint8Array {
  return Uint8Array.from(bytes, (_, i) => bytes[i - (i % width) + (width - 1 - (i % width))]!);
}
