import type { View } from "@sluice/compiler";
import { nth } from "@sluice/tensor/internal";
import type { Expression, ModuleBuilder, WasmFunction } from "../assembler/index.ts";
import type { TileSize } from "../gemm/index.ts";

/** A range of a step's work, and the addresses that it has there. */
interface Part {
  readonly first: Expression<"i32">;
  readonly end: Expression<"i32">;
  /** The address of a view's first element, in bytes. */
  addressOf(view: View): Expression<"i32">;
  readonly scratch: Expression<"i32">;
}

/** A function of the module that does a step, called for a range of rows. It does nothing for an empty range. */
export interface Kernel {
  /** The number of items that ranges divide: rows of the iteration, rows of a product, or panels. */
  readonly count: number;
  /** For speed, ranges should start at multiples of this. */
  readonly grain: number;
  /** The approximate number of elementary operations. */
  readonly work: number;
  readonly scratchBytes: number;
  call(part: Part): Expression<"none">;
}

/** The length of an axis of a view. */
export function lengthAt({ shape }: View, axis: number): number {
  return nth(shape, axis);
}

/** The stride of a view along an axis. */
export function strideAt({ strides }: View, axis: number): number {
  return nth(strides, axis);
}

/** The strides of a matrix. */
export function matrixStrides(view: View): [row: number, column: number] {
  return [strideAt(view, 0), strideAt(view, 1)];
}

/**
 * Whether a view shows values that another loop has stored for each of its steps, each of them once. No cache holds
 * them, and memory is fast only where it is read in its order.
 */
export const isStreamed = ({ loops, strides }: View): boolean =>
  loops.some((stride) => stride !== 0) && !strides.includes(0);

/** The ranges that a kernel will be called for. */
export interface RangeOptions {
  /** Whether they may end at any row. */
  readonly anyRows: boolean;
  /**
   * Whether they may be rows of a batch. A kernel that divides something else, such as columns, is then not possible.
   */
  readonly byRows: boolean;
}

/** The module that kernels are written to. Steps that differ only in their addresses share a function. */
export interface KernelModule {
  readonly module: ModuleBuilder;
  readonly tile: TileSize;
  shared(kind: string, shape: unknown, emit: (name: string) => WasmFunction<"none">): WasmFunction<"none">;
}

export function kernelModule(module: ModuleBuilder, tile: TileSize): KernelModule {
  const known = new Map<string, WasmFunction<"none">>();
  return {
    module,
    tile,
    shared(kind, shape, emit) {
      const key = `${kind} ${JSON.stringify(shape, exact)}`;
      const found = known.get(key) ?? emit(`${kind}${known.size}`);
      known.set(key, found);
      return found;
    },
  };
}

/** Replaces -0, infinities and NaN by text, because JSON lacks them. */
function exact(_: string, value: unknown): unknown {
  return typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
    ? `number ${Object.is(value, -0) ? "-0" : value}`
    : value;
}
