import { type Body, f32x4, i32, type Local, type ModuleBuilder, type WasmFunction } from "../../assembler/index.ts";
import { loadColumns, storeColumns } from "../columns.ts";
import { PANEL_COLUMNS } from "../panel.ts";
import type { TileSize } from "../tile.ts";

/* Packed operands: the columns of A and B in groups, one after another, as wide as the tiles that read them. */

/**
 * Rows contracted at a time: a packed group of B of this length stays in the first-level cache. A block has several
 * chunks.
 */
export const CHUNK = 128;
/** Columns of B packed at a time. Together with those of A they stay in the second-level cache. */
const BLOCK_COLUMNS = 384;
/** Bytes between packed groups, so that the same row of all groups does not map to one cache set. */
const GAP = 64;
/** Bytes of scratch memory for the packed columns of A, in groups of each height of a tile. */
export function packedABytes(m: number, { rows }: TileSize): number {
  return Math.floor(m / rows) * groupBytes(rows) + groupBytes(4) + groupBytes(2) + groupBytes(1);
}

/** Bytes of scratch memory for the columns of B that are packed at a time. */
export function packedBBytes(n: number, { panels }: TileSize): number {
  return Math.max(
    ...groupsOf(n, panels).map(
      (group) => Math.min(group.count, groupsInBlock(group)) * groupBytes(paddedColumns(group.columns)),
    ),
  );
}

/** How many groups are packed at a time. */
export function groupsInBlock({ columns }: { columns: number }): number {
  return Math.max(1, Math.floor(BLOCK_COLUMNS / columns));
}

/** Bytes from one packed group of `columns` columns to the next. */
export function groupBytes(columns: number): number {
  return CHUNK * 4 * columns + GAP;
}

/** Columns of a packed group of B: whole panels. */
export function paddedColumns(columns: number): number {
  return Math.ceil(columns / PANEL_COLUMNS) * PANEL_COLUMNS;
}

/** The columns of C as runs of equal groups: first groups as wide as the tile, then single panels, then the rest. */
export function groupsOf(n: number, panels: number): { columns: number; count: number }[] {
  const full = Math.floor(n / PANEL_COLUMNS);
  const groups = [
    { columns: panels * PANEL_COLUMNS, count: Math.floor(full / panels) },
    { columns: PANEL_COLUMNS, count: full % panels },
    { columns: n % PANEL_COLUMNS, count: n % PANEL_COLUMNS > 0 ? 1 : 0 },
  ];
  return groups.filter(({ count }) => count > 0);
}

interface ColumnsShape {
  /** Floats from one row of the source to the next. */
  readonly stride: number;
  readonly columns: number;
  /** Default `columns`. */
  readonly padded?: number;
  /** Whether `list` gives the row numbers to pack, instead of all rows. */
  readonly listed: boolean;
}

/**
 * Emits `(from, packed, rows, groups, list)`, which packs `groups` groups of `columns` columns. Each group is stored
 * row after row, with its rows filled with zeros to `padded`. The source is read row by row, which suits prefetching.
 */
export function emitPackColumns(
  module: ModuleBuilder,
  name: string,
  { stride, columns, padded = columns, listed }: ColumnsShape,
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
