import { type Body, i32, type Local, type ModuleBuilder, type WasmFunction } from "../../assembler/index.ts";
import { DEFAULT_TILE, tileHeights, type TileSize } from "../tile.ts";
import { writeEndOfChunk } from "./chunk.ts";
import {
  CHUNK,
  emitPackColumns,
  groupBytes,
  groupsInBlock,
  groupsOf,
  packedABytes,
  packedBBytes,
  paddedColumns,
} from "./packing.ts";
import { emitTile } from "./tile.ts";

/*
 * The product of weight gradients: C[M, N] = start + A^T B with A[rows, M] and B[rows, N]. The number of rows (steps
 * times batch) is known only at run time. Threads divide the rows of C, so each sum keeps its order.
 *
 * The rows are contracted in chunks that fit the caches. Between the chunks of a block the sums are kept in C, which is
 * exact. At the end of a block they are added, tile by tile while in registers, to the totals that wait for them.
 */
interface TransposedAShape {
  m: number;
  n: number;
  /** Floats from one row of A to the next. Default m. */
  aStride?: number;
  /** Default n. */
  bStride?: number;
  cStride?: number;
  /** Whether `list` gives the row numbers to contract, instead of all rows. Default false. */
  listed?: boolean;
  /**
   * Rows of each place where totals of blocks wait, [places, waitingRows, n]. 0 if all rows make one block. Default 0.
   */
  waitingRows?: number;
  /** Whether sums start from 0 or from the value in C. Default "zero". */
  start?: "zero" | "add";
  /** Affects speed only. Default `DEFAULT_TILE`. */
  tile?: TileSize;
  /** The tile heights to write code for (`tileHeights`). Default: those for any range of rows. */
  heights?: readonly number[];
}

/** Bytes of scratch memory per thread. */
export function transposedAScratchBytes({ m, n, tile = DEFAULT_TILE }: TransposedAShape): number {
  return packedBBytes(n, tile) + packedABytes(m, tile);
}

const PARAMETERS = {
  first: "i32",
  end: "i32",
  rows: "i32",
  a: "i32",
  b: "i32",
  c: "i32",
  scratch: "i32",
  places: "i32",
  list: "i32",
} as const;

/**
 * Emits `(first, end, rows, a, b, c, scratch, places, list)`: rows `first .. end` of C[M, N]. a, b, c are the addresses
 * of element 0. For speed, `first` should be a multiple of the tile's rows. With 0 rows, C is its start value. `list`
 * (i32 [rows]) is read if rows are listed. Totals of blocks wait in `places`; each thread uses its own rows of it.
 */
export function emitGemmTransposedA(
  module: ModuleBuilder,
  name: string,
  shape: TransposedAShape,
): WasmFunction<"none"> {
  const plan: Plan = {
    aStride: shape.m,
    bStride: shape.n,
    cStride: shape.n,
    start: "zero",
    listed: false,
    waitingRows: 0,
    tile: DEFAULT_TILE,
    heights: tileHeights((shape.tile ?? DEFAULT_TILE).rows),
    ...shape,
  };
  const parts = emitParts(module, name, plan);
  return module.function(name, { params: PARAMETERS, export: true }, (body, given) => {
    const variables = { ...given, ...declare(body, plan, given.scratch) };
    const { first, rows, a, c, places, done, chunk, add, place } = variables;
    body.set(a, i32.add(a, i32.shl(first, 2)));
    body.set(c, i32.add(c, i32.mul(first, 4 * plan.cStride)));
    body.set(places, i32.add(places, i32.mul(first, 4 * plan.n)));
    body.set(add, plan.start === "add" ? 1 : 0);
    body.loop((nextChunk) => {
      body.set(chunk, i32.sub(rows, done));
      body.if(i32.gtU(chunk, CHUNK), () => body.set(chunk, CHUNK));
      if (plan.waitingRows > 0) writeEndOfChunk(body, plan, variables);
      packRange(body, parts, variables);
      multiplyColumns(body, plan, parts, variables);
      toNextChunk(body, plan, variables);
      body.set(add, plan.waitingRows > 0 ? i32.ltS(place, 0) : 1);
      body.branchIf(nextChunk, i32.ltU(done, rows));
    });
  });
}

type Plan = Required<TransposedAShape>;

/** The functions that a product calls. */
interface Parts {
  readonly packA: readonly { readonly height: number; readonly pack: WasmFunction<"none"> }[];
  /** For each run of equal groups of columns. */
  readonly columnGroups: readonly {
    readonly columns: number;
    readonly count: number;
    readonly pack: WasmFunction<"none">;
    readonly tiles: readonly { readonly height: number; readonly tile: WasmFunction<"none"> }[];
  }[];
}

function emitParts(module: ModuleBuilder, name: string, plan: Plan): Parts {
  const { n, aStride, bStride, listed, heights } = plan;
  const packA = heights.map((height) => ({
    height,
    pack: emitPackColumns(module, `${name}.packA${height}`, { stride: aStride, columns: height, listed }),
  }));
  const columnGroups = groupsOf(n, plan.tile.panels).map(({ columns, count }) => {
    const padded = paddedColumns(columns);
    return {
      columns,
      count,
      pack: emitPackColumns(module, `${name}.packB${columns}`, { stride: bStride, columns, padded, listed }),
      tiles: heights.map((height) => ({
        height,
        tile: emitTile(module, `${name}.tile${height}x${columns}`, { ...plan, rows: height, columns }),
      })),
    };
  });
  return { packA, columnGroups };
}

/** The variables that the steps of the product share. */
function declare(body: Body, { n, tile }: Plan, scratch: Local<"i32">) {
  return {
    /** Rows of A and B that are contracted, and the length of the chunk after them. */
    done: body.local("i32", "done"),
    chunk: body.local("i32", "chunk"),
    /** Whether sums go on from the values in C. */
    add: body.local("i32", "add"),
    row: body.local("i32", "row"),
    groups: body.local("i32", "groups"),
    left: body.local("i32", "left"),
    aFrom: body.local("i32", "aFrom"),
    bFrom: body.local("i32", "bFrom"),
    aPanel: body.local("i32", "aPanel"),
    bPanel: body.local("i32", "bPanel"),
    /** The first of the range's rows, in the columns that are computed now; then a tile in them. */
    cColumns: body.local("i32", "cColumns"),
    cTile: body.local("i32", "cTile"),
    placesColumns: body.local("i32", "placesColumns"),
    placesTile: body.local("i32", "placesTile"),
    /** The block of the chunk, and the places where totals of blocks before it wait. */
    block: body.local("i32", "block"),
    taken: body.local("i32", "taken"),
    /** The places whose totals are added after the chunk, and the one where the sum then waits (-1: none). */
    added: body.local("i32", "added"),
    place: body.local("i32", "place"),
    aPacked: body.let(i32.add(scratch, packedBBytes(n, tile)), "aPacked"),
  };
}

type Variables = ReturnType<typeof declare> & Readonly<Record<keyof typeof PARAMETERS, Local<"i32">>>;

/** Packs the range's columns of A, in groups as wide as the tiles are high. */
function packRange(
  body: Body,
  { packA }: Parts,
  { first, end, a, list, chunk, groups, left, aFrom, aPanel, aPacked }: Variables,
): void {
  body.set(aFrom, a);
  body.set(aPanel, aPacked);
  body.set(left, i32.sub(end, first));
  for (const { height, pack } of packA) {
    body.if(i32.geS(left, height), () => {
      body.set(groups, i32.divU(left, height));
      body.do(pack.call(aFrom, aPanel, chunk, groups, list));
      body.set(aFrom, i32.add(aFrom, i32.mul(groups, 4 * height)));
      body.set(aPanel, i32.add(aPanel, i32.mul(groups, groupBytes(height))));
      body.set(left, i32.sub(left, i32.mul(groups, height)));
    });
  }
}

/** Adds the products of a chunk to all columns of C. Packs a few groups of columns of B, then multiplies them. */
function multiplyColumns(body: Body, plan: Plan, { columnGroups }: Parts, variables: Variables): void {
  const { b, c, scratch, places, list, chunk, groups, left, bFrom, bPanel, cColumns, placesColumns } = variables;
  body.set(bFrom, b);
  body.set(cColumns, c);
  body.set(placesColumns, places);
  for (const { columns, count, pack, tiles } of columnGroups) {
    const inBlock = groupsInBlock({ columns });
    body.set(left, count);
    body.repeatWhile(left, () => {
      body.set(groups, left);
      body.if(i32.gtU(groups, inBlock), () => body.set(groups, inBlock));
      body.set(left, i32.sub(left, groups));
      body.do(pack.call(bFrom, scratch, chunk, groups, list));
      body.set(bFrom, i32.add(bFrom, i32.mul(groups, 4 * columns)));
      body.set(bPanel, scratch);
      body.repeatWhile(groups, () => {
        multiplyGroup(body, plan, tiles, variables);
        body.set(bPanel, i32.add(bPanel, groupBytes(paddedColumns(columns))));
        body.set(cColumns, i32.add(cColumns, 4 * columns));
        body.set(placesColumns, i32.add(placesColumns, 4 * columns));
        body.set(groups, i32.sub(groups, 1));
      });
    });
  }
}

/** Adds the products of a chunk to the range's rows of a group of columns, tile by tile. */
function multiplyGroup(
  body: Body,
  { n, cStride }: Plan,
  tiles: Parts["columnGroups"][number]["tiles"],
  variables: Variables,
): void {
  const { first, end, chunk, add, row, aPacked, aPanel, bPanel, cColumns, cTile } = variables;
  const { placesColumns, placesTile, added, place } = variables;
  body.set(row, first);
  body.set(aPanel, aPacked);
  body.set(cTile, cColumns);
  body.set(placesTile, placesColumns);
  for (const { height, tile } of tiles) {
    body.while(i32.leS(i32.add(row, height), end), () => {
      body.do(tile.call(aPanel, bPanel, cTile, chunk, add, placesTile, added, place));
      body.set(row, i32.add(row, height));
      body.set(aPanel, i32.add(aPanel, groupBytes(height)));
      body.set(cTile, i32.add(cTile, 4 * height * cStride));
      body.set(placesTile, i32.add(placesTile, 4 * height * n));
    });
  }
}

function toNextChunk(body: Body, { listed, aStride, bStride }: Plan, { a, b, list, done, chunk }: Variables): void {
  if (listed) body.set(list, i32.add(list, i32.shl(chunk, 2)));
  else {
    body.set(a, i32.add(a, i32.mul(chunk, 4 * aStride)));
    body.set(b, i32.add(b, i32.mul(chunk, 4 * bStride)));
  }
  body.set(done, i32.add(done, chunk));
}
