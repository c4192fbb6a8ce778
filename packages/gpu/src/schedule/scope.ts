import { TensorMap } from "@sluice/compiler";
import { type ArrayTensor, type Tensor, type Values } from "@sluice/tensor";
import { sizeOf, stridesOf, type SymbolTensor } from "@sluice/tensor/internal";
import type { Place, Source, Sources } from "../kernels/source.ts";

/** Buffers and constants of a schedule in the making. */
export interface Memory {
  /** Floats that each buffer holds. */
  readonly buffers: number[];
  /** A number for a buffer that is not decided yet, another one each time. */
  readonly provisional: () => number;
  readonly constants: ConstantPool;
}

/** What symbols stand for in a block; what a block does not know its enclosing one may. */
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

/** Floats that an element of a tensor takes. */
export function floatsOf({ dtype }: { readonly dtype: Tensor["dtype"] }): number {
  return dtype === "i32" ? 2 : 1;
}

/** A tensor row-major at an offset of a buffer, an i32's low halves behind its high ones. */
export function placeAt(buffer: number, offset: number, { shape }: { readonly shape: readonly number[] }): Place {
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

/** Constants that are no literals, one behind the other in one buffer. */
interface ConstantPool {
  readonly buffer: number;
  place(x: ArrayTensor): Place;
  readonly placed: ReadonlyMap<Values, { readonly tensor: ArrayTensor; readonly place: Place }>;
  readonly elements: number;
}

function constantPool(buffer: number): ConstantPool {
  const placed = new Map<Values, { tensor: ArrayTensor; place: Place }>();
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
