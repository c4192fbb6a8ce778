import type { View } from "@sluice/compiler";
import type { Expression, ModuleBuilder, WasmFunction } from "../assembler/index.ts";
import type { TileSize } from "../gemm/index.ts";

/** Part of a step's work, and where its views lie. */
interface Part {
  readonly first: Expression<"i32">;
  readonly end: Expression<"i32">;
  /** Bytes, in the order of `Kernel.views`. */
  readonly addresses: readonly Expression<"i32">[];
  readonly scratch: Expression<"i32">;
}

/** How a step is done: a function of the module, called for a range of rows. An empty range does nothing. */
export interface Kernel {
  readonly views: readonly View[];
  /** What ranges divide: rows of the iteration, rows of a product, panels. */
  readonly count: number;
  /** Ranges should start at multiples of it, for speed. */
  readonly grain: number;
  /** Elementary operations, about. */
  readonly work: number;
  readonly scratchBytes: number;
  call(part: Part): Expression<"none">;
}

/** What the ranges are like that a kernel is called for. */
export interface RangeOptions {
  /** They may end at any row. */
  readonly anyRows: boolean;
  /** They may be rows of a batch: what else a kernel could divide, such as columns, does not do. */
  readonly byRows: boolean;
}

/** Where kernels are written. Steps that differ in their addresses alone share a function. */
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

/** JSON has no -0, infinities or NaN. */
function exact(_: string, value: unknown): unknown {
  return typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
    ? `number ${Object.is(value, -0) ? "-0" : value}`
    : value;
}
