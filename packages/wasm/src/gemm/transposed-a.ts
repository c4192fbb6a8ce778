import { PRODUCT_BLOCK } from "@sluice/tensor/internal";
import {
  type Body,
  type Expression,
  f32x4,
  i32,
  type Local,
  type ModuleBuilder,
  select,
  v128,
  type WasmFunction,
} from "../assembler/index.ts";
import { eachPlace, nextPlace } from "../pairwise.ts";
import { loadColumns, storeColumns } from "./columns.ts";
import { PANEL_COLUMNS } from "./panel.ts";
import {
  addProducts,
  addTile,
  declareTile,
  DEFAULT_TILE,
  startFrom,
  startFromZero,
  storeTile,
  tileHeights,
  type TileSize,
} from "./tile.ts";

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

/**
 * Rows contracted at a time: a packed group of B of this length stays in the first-level cache. A block has several
 * chunks.
 */
const CHUNK = 128;
/** Columns of B packed at a time. Together with those of A they stay in the second-level cache. */
const BLOCK_COLUMNS = 384;
/** Bytes between packed groups, so that the same row of all groups does not map to one cache set. */
const GAP = 64;
const UNROLL = 4;

/** Bytes of scratch memory per thread. */
export function transposedAScratchBytes({ m, n, tile = DEFAULT_TILE }: TransposedAShape): number {
  const ofA = Math.floor(m / tile.rows) * groupBytes(tile.rows) + groupBytes(4) + groupBytes(2) + groupBytes(1);
  return packedBBytes(n, tile) + ofA;
}

function packedBBytes(n: number, { panels }: TileSize): number {
  return Math.max(
    ...groupsOf(n, panels).map(
      (group) => Math.min(group.count, groupsInBlock(group)) * groupBytes(paddedColumns(group.columns)),
    ),
  );
}

function groupsInBlock({ columns }: { columns: number }): number {
  return Math.max(1, Math.floor(BLOCK_COLUMNS / columns));
}

/** Bytes from one packed group of `columns` columns to the next. */
function groupBytes(columns: number): number {
  return CHUNK * 4 * columns + GAP;
}

/** Columns of a packed group of B: whole panels. */
function paddedColumns(columns: number): number {
  return Math.ceil(columns / PANEL_COLUMNS) * PANEL_COLUMNS;
}

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
  const plan = {
    aStride: shape.m,
    bStride: shape.n,
    cStride: shape.n,
    start: "zero" as const,
    listed: false,
    waitingRows: 0,
    tile: DEFAULT_TILE,
    ...shape,
  };
  const heights = shape.heights ?? tileHeights(plan.tile.rows);
  const packA = heights.map((height) => ({
    height,
    pack: emitPackColumns(module, `${name}.packA${height}`, plan.aStride, height, height, plan.listed),
  }));
  const columnGroups = groupsOf(plan.n, plan.tile.panels).map((group) => ({
    ...group,
    pack: emitPackColumns(
      module,
      `${name}.packB${group.columns}`,
      plan.bStride,
      group.columns,
      paddedColumns(group.columns),
      plan.listed,
    ),
    tiles: heights.map((height) => ({
      height,
      tile: emitTile(module, `${name}.tile${height}x${group.columns}`, {
        ...plan,
        rows: height,
        columns: group.columns,
      }),
    })),
  }));

  const params = {
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
  return module.function(
    name,
    { params, export: true },
    (body, { first, end, rows, a, b, c, scratch, places, list }) => {
      const done = body.local("i32", "done");
      const chunk = body.local("i32", "chunk");
      const add = body.local("i32", "add");
      const row = body.local("i32", "row");
      const groups = body.local("i32", "groups");
      const left = body.local("i32", "left");
      const aFrom = body.local("i32", "aFrom");
      const bFrom = body.local("i32", "bFrom");
      const aPanel = body.local("i32", "aPanel");
      const bPanel = body.local("i32", "bPanel");
      const cColumns = body.local("i32", "cColumns");
      const cTile = body.local("i32", "cTile");
      const placesColumns = body.local("i32", "placesColumns");
      const placesTile = body.local("i32", "placesTile");
      const block = body.local("i32", "block");
      const taken = body.local("i32", "taken");
      const added = body.local("i32", "added");
      const place = body.local("i32", "place");
      const isBlocked = plan.waitingRows > 0;
      const aPacked = body.let(i32.add(scratch, packedBBytes(plan.n, plan.tile)), "aPacked");
      body.set(a, i32.add(a, i32.shl(first, 2)));
      body.set(c, i32.add(c, i32.mul(first, 4 * plan.cStride)));
      body.set(places, i32.add(places, i32.mul(first, 4 * plan.n)));
      const blockOf = (position: Expression<"i32">): Expression<"i32"> => i32.divU(position, PRODUCT_BLOCK);
      const positionOf = (row: Expression<"i32">): Expression<"i32"> =>
        plan.listed ? i32.load(i32.add(list, i32.shl(i32.sub(row, done), 2))) : row;

      /**
       * Ends a chunk where its block ends. Sets which totals are then added to its sums, and the place where the total
       * waits (-1: none).
       */
      function endOfChunk(): void {
        if (plan.listed) {
          const most = body.let(chunk, "most");
          body.set(chunk, 0);
          body.if(i32.gtU(most, 0), () => body.set(block, blockOf(i32.load(list))));
          body.while(i32.ltU(chunk, most), () => {
            body.set(most, select(most, chunk, i32.eq(blockOf(i32.load(i32.add(list, i32.shl(chunk, 2)))), block)));
            body.if(i32.ltU(chunk, most), () => body.set(chunk, i32.add(chunk, 1)));
          });
        } else body.set(block, blockOf(done));
        const next = body.let(i32.add(done, chunk), "next");
        body.set(added, 0);
        body.set(place, -1);
        body.if(
          i32.geU(next, rows),
          () => body.set(added, taken),
          () => {
            body.set(next, blockOf(positionOf(next)));
            body.if(i32.ne(next, block), () => {
              const ended = nextPlace(body, taken, block, next);
              body.set(added, ended.added);
              body.set(place, ended.place);
              body.set(taken, i32.or(i32.xor(taken, added), i32.shl(1, place)));
            });
          },
        );
      }

      function packRange(): void {
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

      body.set(add, plan.start === "add" ? 1 : 0);
      body.loop((nextChunk) => {
        body.set(chunk, i32.sub(rows, done));
        body.if(i32.gtU(chunk, CHUNK), () => body.set(chunk, CHUNK));
        if (isBlocked) endOfChunk();
        packRange();
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
              body.set(row, first);
              body.set(aPanel, aPacked);
              body.set(cTile, cColumns);
              body.set(placesTile, placesColumns);
              for (const { height, tile } of tiles) {
                body.while(i32.leS(i32.add(row, height), end), () => {
                  body.do(tile.call(aPanel, bPanel, cTile, chunk, add, placesTile, added, place));
                  body.set(row, i32.add(row, height));
                  body.set(aPanel, i32.add(aPanel, groupBytes(height)));
                  body.set(cTile, i32.add(cTile, 4 * height * plan.cStride));
                  body.set(placesTile, i32.add(placesTile, 4 * height * plan.n));
                });
              }
              body.set(bPanel, i32.add(bPanel, groupBytes(paddedColumns(columns))));
              body.set(cColumns, i32.add(cColumns, 4 * columns));
              body.set(placesColumns, i32.add(placesColumns, 4 * columns));
              body.set(groups, i32.sub(groups, 1));
            });
          });
        }
        if (plan.listed) body.set(list, i32.add(list, i32.shl(chunk, 2)));
        else {
          body.set(a, i32.add(a, i32.mul(chunk, 4 * plan.aStride)));
          body.set(b, i32.add(b, i32.mul(chunk, 4 * plan.bStride)));
        }
        body.set(done, i32.add(done, chunk));
        body.set(add, isBlocked ? i32.ltS(place, 0) : 1);
        body.branchIf(nextChunk, i32.ltU(done, rows));
      });
    },
  );
}

/** The columns of C as runs of equal groups: first groups as wide as the tile, then single panels, then the rest. */
function groupsOf(n: number, panels: number): { columns: number; count: number }[] {
  const full = Math.floor(n / PANEL_COLUMNS);
  const groups = [
    { columns: panels * PANEL_COLUMNS, count: Math.floor(full / panels) },
    { columns: PANEL_COLUMNS, count: full % panels },
    { columns: n % PANEL_COLUMNS, count: n % PANEL_COLUMNS > 0 ? 1 : 0 },
  ];
  return groups.filter(({ count }) => count > 0);
}

/**
 * Emits `(from, packed, rows, groups, list)`, which packs `groups` groups of `columns` columns. Each group is stored
 * row after row, with its rows filled with zeros to `padded`. The source is read row by row, which suits prefetching.
 */
function emitPackColumns(
  module: ModuleBuilder,
  name: string,
  stride: number,
  columns: number,
  padded: number,
  listed: boolean,
): WasmFunction<"none"> {
  const params = { from: "i32", packed: "i32", rows: "i32", groups: "i32", list: "i32" } as const;
  return module.function(name, { params }, (body, { from, packed, rows, groups, list }) => {
    const end = body.let(i32.add(packed, i32.mul(rows, 4 * padded)), "end");
    const left = body.local("i32", "left");
    const source = body.local("i32", "source");
    const target = body.local("i32", "target");
    body.while(i32.ltU(packed, end), () => {
      body.set(source, listed ? i32.add(from, i32.mul(i32.load(list), 4 * stride)) : from);
      body.set(target, packed);
      body.set(left, groups);
      body.repeatWhile(left, () => {
        packRow(body, source, target, columns, padded);
        body.set(source, i32.add(source, 4 * columns));
        body.set(target, i32.add(target, groupBytes(padded)));
        body.set(left, i32.sub(left, 1));
      });
      if (listed) body.set(list, i32.add(list, 4));
      else body.set(from, i32.add(from, 4 * stride));
      body.set(packed, i32.add(packed, 4 * padded));
    });
  });
}

/** Loads two vectors before storing them, so that V8 pairs them. */
function packRow(body: Body, source: Local<"i32">, target: Local<"i32">, columns: number, padded: number): void {
  for (let at = 0; at < padded; at += 8) {
    const vectors = [at, at + 4]
      .filter((column) => column < padded)
      .map((column) => ({
        column,
        count: Math.min(4, padded - column),
        value: body.let(
          column < columns ? loadColumns(source, 4 * column, Math.min(4, columns - column)) : f32x4.const(0),
          "v",
        ),
      }));
    for (const { column, count, value } of vectors) storeColumns(body, target, value, 4 * column, count);
  }
}

interface TileShape extends Pick<Required<TransposedAShape>, "n" | "cStride" | "waitingRows"> {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Emits `(a, b, c, length, add, places, added, place)`: one tile of C from packed operands, starting from C if `add` is
 * not 0. Adds the totals in the places whose bits are set in `added`. Stores the tile in the place `place`, or in C if
 * that is negative.
 */
function emitTile(
  module: ModuleBuilder,
  name: string,
  { rows, columns, n, cStride, waitingRows }: TileShape,
): WasmFunction<"none"> {
  const params = {
    a: "i32",
    b: "i32",
    c: "i32",
    length: "i32",
    add: "i32",
    places: "i32",
    added: "i32",
    place: "i32",
  } as const;
  return module.function(name, { params }, (body, { a, b, c, length, add, places, added, place }) => {
    const tile = declareTile(body, rows, columns);
    const bRow = 4 * paddedColumns(columns);
    body.if(
      add,
      () => startFrom(body, tile, c, 4 * cStride),
      () => startFromZero(body, tile),
    );

    function steps(count: number): void {
      for (let i = 0; i < count; i++) {
        addProducts(
          body,
          tile,
          (row) => v128.load32Splat(a, 4 * (i * rows + row)),
          (vector) => v128.load(b, i * bRow + 16 * vector),
        );
      }
      body.set(a, i32.add(a, 4 * rows * count));
      body.set(b, i32.add(b, bRow * count));
    }

    const end = body.let(i32.add(a, i32.mul(length, 4 * rows)), "end");
    const unrolledEnd = body.let(i32.add(a, i32.mul(i32.and(length, -UNROLL), 4 * rows)), "unrolledEnd");
    body.while(i32.ltU(a, unrolledEnd), () => steps(UNROLL));
    body.while(i32.ltU(a, end), () => steps(1));
    if (waitingRows === 0) {
      storeTile(body, tile, c, 4 * cStride);
      return;
    }
    const bytes = 4 * waitingRows * n;
    eachPlace(body, places, bytes, added, (at) => addTile(body, tile, at, 4 * n));
    body.if(
      i32.ltS(place, 0),
      () => storeTile(body, tile, c, 4 * cStride),
      () => storeTile(body, tile, body.let(i32.add(places, i32.mul(place, bytes)), "to"), 4 * n),
    );
  });
}
