import { nth } from "@sluice/tensor/internal";
import { type Body, type Expression, f32x4, type Local, type MultiplyAddMode } from "../assembler/index.ts";
import { loadColumns, storeColumns } from "./columns.ts";

/** The size of a product's main tile in registers: rows of C, and panels of 8 columns side by side. */
export interface TileSize {
  rows: number;
  panels: number;
}

/**
 * 8 sums of 256 bits when V8 pairs the vectors (`pairing.ts`): enough to hide the latency of an addition. The fastest
 * of 3x2 to 6x2 and 4x1 to 12x1.
 */
export const DEFAULT_TILE: TileSize = { rows: 4, panels: 2 };

/**
 * The fastest tiles. Without pairing that is one with 8 sums of 128 bits. A relaxed multiply-add needs no register for
 * the product, and takes longer than an addition, so more sums are faster.
 */
export const fastestTiles: Readonly<
  Record<MultiplyAddMode, { readonly paired: TileSize; readonly unpaired: TileSize }>
> = {
  separate: { paired: DEFAULT_TILE, unpaired: { rows: 4, panels: 1 } },
  relaxed: { paired: { rows: 6, panels: 2 }, unpaired: { rows: 6, panels: 1 } },
};

/**
 * The heights of the tiles that cover a range of rows: the main one, then smaller ones for the rest. With `of`, the
 * number of rows of C, only the heights that occur in ranges that start at multiples of the main height.
 */
export function tileHeights(main: number, of?: number): number[] {
  const heights = [main, ...[4, 2, 1].filter((rows) => rows < main)];
  if (of === undefined) return heights;
  let left = of;
  return heights.filter((height) => {
    const occurs = left >= height;
    left %= height;
    return occurs;
  });
}

/**
 * A tile of C in registers: `rows` rows of vectors, each with up to 4 of the `columns`. Every element is the running
 * sum of a block. Products are added in order of the contracted index, each with the module's rounding. So the result
 * does not depend on the tile.
 */
export interface Tile {
  readonly rows: number;
  /** Columns of C, up to 4 per vector. */
  readonly columns: number;
  readonly accumulators: readonly (readonly Local<"v128">[])[];
  /** One row of B, one vector per variable. */
  readonly b: readonly Local<"v128">[];
  /** One element of A in all lanes. */
  readonly a: Local<"v128">;
}

export function declareTile(body: Body, rows: number, columns: number): Tile {
  const vectors = Math.ceil(columns / 4);
  return {
    rows,
    columns,
    accumulators: Array.from({ length: rows }, (_, r) =>
      Array.from({ length: vectors }, (_, v) => body.local("v128", `c${r}${v}`)),
    ),
    b: Array.from({ length: vectors }, (_, v) => body.local("v128", `b${v}`)),
    a: body.local("v128", "a"),
  };
}

/** Starts every sum from 0. */
export function startFromZero(body: Body, { accumulators }: Tile): void {
  for (const row of accumulators) for (const accumulator of row) body.set(accumulator, f32x4.const(0));
}

/**
 * Starts the sums from a row-major matrix at `address`. The row stride is in bytes; 0 starts every row from the same
 * values.
 */
export function startFrom(body: Body, tile: Tile, address: Expression<"i32">, rowStride: number): void {
  eachVector(tile, (accumulator, row, vector, count) => {
    body.set(accumulator, loadColumns(address, row * rowStride + 16 * vector, count));
  });
}

/** Adds a row-major matrix at `address`. The row stride is in bytes. */
export function addTile(body: Body, tile: Tile, address: Expression<"i32">, rowStride: number): void {
  eachVector(tile, (accumulator, row, vector, count) => {
    body.set(accumulator, f32x4.add(loadColumns(address, row * rowStride + 16 * vector, count), accumulator));
  });
}

/** Adds one outer product: `a(row)` is an element of A in all lanes, `b(vector)` four columns of B. */
export function addProducts(
  body: Body,
  tile: Tile,
  a: (row: number) => Expression<"v128">,
  b: (vector: number) => Expression<"v128">,
): void {
  tile.b.forEach((local, vector) => body.set(local, b(vector)));
  tile.accumulators.forEach((accumulators, row) => {
    body.set(tile.a, a(row));
    accumulators.forEach((accumulator, vector) => {
      body.set(accumulator, body.multiplyAdd(accumulator, tile.a, nth(tile.b, vector)));
    });
  });
}

export function storeTile(body: Body, tile: Tile, address: Expression<"i32">, rowStride: number): void {
  eachVector(tile, (accumulator, row, vector, count) => {
    storeColumns(body, address, accumulator, row * rowStride + 16 * vector, count);
  });
}

function eachVector(
  { accumulators, columns }: Tile,
  visit: (accumulator: Local<"v128">, row: number, vector: number, count: number) => void,
): void {
  accumulators.forEach((row, r) =>
    row.forEach((accumulator, v) => visit(accumulator, r, v, Math.min(4, columns - 4 * v))),
  );
}
