import { TensorMap } from "@sluice/compiler";
import { type ArrayTensor, type Tensor, type Values } from "@sluice/tensor";
import { sizeOf, stridesOf, type SymbolTensor } from "@sluice/tensor/internal";
import type { BufferLocation, Source, Sources } from "../kernels/source.ts";

/** The buffers and constants of a schedule while it is made. */
export interface Memory {
  /** The size of each buffer, in floats. */
  readonly buffers: number[];
  /** A new number for a buffer that is not decided yet. */
  readonly provisional: () => number;
  readonly constants: ConstantPool;
}

/** The sources of symbols in a block. Symbols that it does not know are looked up in the enclosing one. */
export interface Scope {
  readonly depth: number;
  readonly known: TensorMap<() => Source | undefined>;
  readonly parent?: Scope;
}

export function newMemory(): Memory {
  let undecided = 0;
  return { buffers: [0], provisional: () => --undecided, constants: constantPool(0) };
}

export function newBuffer({ buffers }: Memory, elements: number): number {
  return buffers.push(elements) - 1;
}

/** How many floats an element takes. */
export function floatsOf({ dtype }: { readonly dtype: Tensor["dtype"] }): number {
  return dtype === "i32" ? 2 : 1;
}

/** A tensor stored row-major from an offset of a buffer on. The low halves of an i32 follow all high halves. */
export function placeAt(
  buffer: number,
  offset: number,
  { shape }: { readonly shape: readonly number[] },
): BufferLocation {
  return { buffer, offset, strides: stridesOf(shape), low: sizeOf(shape) };
}

export function sourcesOf({ constants }: Memory, scope: Scope): Sources {
  const find = (x: SymbolTensor, at: Scope | undefined): Source | undefined => {
    if (at === undefined) return undefined;
    const known = at.known.get(x);
    return known === undefined ? find(x, at.parent) : known();
  };
  return { of: (x) => find(x, scope), constant: (x) => constants.place(x) };
}

/** Constants that are not literals, one after another in one buffer. */
interface ConstantPool {
  readonly buffer: number;
  place(x: ArrayTensor): BufferLocation;
  readonly placed: ReadonlyMap<Values, { readonly tensor: ArrayTensor; readonly place: BufferLocation }>;
  readonly elements: number;
}

function constantPool(buffer: number): ConstantPool {
  const placed = new Map<Values, { tensor: ArrayTensor; place: BufferLocation }>();
  let elements = 0;
  return {
    buffer,
    place(x) {
      const known = placed.get(x.data);
      if (known !== undefined && known.tensor.dtype === x.dtype) return { ...known.place, strides: stridesOf(x.shape) };
      const place = placeAt(buffer, elements, x);
      elements += sizeOf(x.shape) * floatsOf(x);
      placed.set(x.data, { tensor: x, place });
      return place;
    },
    placed,
    get elements() {
      return elements;
    },
  };
}
