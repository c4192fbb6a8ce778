import { i32, type ModuleBuilder, v128, type WasmFunction } from "../assembler/index.ts";
import { packRow, PANEL_COLUMNS, PANEL_ROW } from "./panel.ts";
import { addProducts, declareTile, DEFAULT_TILE, startFrom, startFromZero, storeTile, type TileSize } from "./tile.ts";

/*
 * The product of weight gradients: C[M, N] = start + A^T B with A[rows, M] and B[rows, N], contracted over a number of rows known only when it runs (steps times
 * batch). Threads divide the rows of C, so that each sum keeps its order.
 *
 * The contraction is cut into chunks that fit the caches; between them the sums wait in C, which loses nothing.
 */
export interface TransposedAShape {
  m: number;
  n: number;
  /** Floats from one row of A to the next. Default m. */
  aStride?: number;
  /** Default n. */
  bStride?: number;
  cStride?: number;
  /** Whether sums start from 0 or from the value that C has. Default "zero". */
  start?: "zero" | "add";
  /** For speed alone: the result does not depend on it. Default `DEFAULT_TILE`. */
  tile?: TileSize;
}

/** Rows contracted at a time: a packed panel of B of this length stays in the first-level cache. */
const CHUNK = 128;
const UNROLL = 4;

/** Bytes of scratch memory that each thread needs, 16-byte aligned. */
export function transposedAScratchBytes({ m, tile = DEFAULT_TILE }: TransposedAShape): number {
  return CHUNK * (tile.panels * PANEL_ROW + 4 * (m + 8));
}

/**
 * Emits `(first, end, rows, a, b, c, scratch)`: rows `first .. end` of C[M, N]; a, b, c are the addresses of element 0. `first` should be a multiple of the
 * tile's rows, for speed. With 0 rows, C is its start value.
 */
export function emitGemmTransposedA(module: ModuleBuilder, name: string, shape: TransposedAShape): WasmFunction<"none"> {
  const plan = { aStride: shape.m, bStride: shape.n, cStride: shape.n, start: "zero" as const, tile: DEFAULT_TILE, ...shape };
  const rowClasses = [plan.tile.rows, ...[4, 2, 1].filter((rows) => rows < plan.tile.rows)];
  const columnGroups = groupsOf(plan.n, plan.tile.panels);

  const packA = emitPackA(module, `${name}.packA`, plan.aStride, rowClasses);
  const packed = columnGroups.map(({ columns }) => ({
    pack: emitPackB(module, `${name}.packB${columns}`, plan.bStride, columns),
    tiles: rowClasses.map((rows) => emitTile(module, `${name}.tile${rows}x${columns}`, rows, columns, plan.cStride)),
  }));

  const params = { first: "i32", end: "i32", rows: "i32", a: "i32", b: "i32", c: "i32", scratch: "i32" } as const;
  return module.function(name, { params, export: true }, (body, { first, end, rows, a, b, c, scratch }) => {
    const done = body.local("i32", "done");
    const chunk = body.local("i32", "chunk");
    const add = body.local("i32", "add");
    const column = body.local("i32", "column");
    const groupEnd = body.local("i32", "groupEnd");
    const row = body.local("i32", "row");
    const aPanel = body.local("i32", "aPanel");
    const cTile = body.local("i32", "cTile");
    const aPacked = body.let(i32.add(scratch, CHUNK * plan.tile.panels * PANEL_ROW), "aPacked");

    body.set(add, plan.start === "add" ? 1 : 0);
    body.loop((nextChunk) => {
      body.set(chunk, i32.sub(rows, done));
      body.if(i32.gtU(chunk, CHUNK), () => body.set(chunk, CHUNK));
      body.do(packA.call(i32.add(a, i32.shl(first, 2)), aPacked, chunk, i32.sub(end, first)));
      body.set(column, 0);

      columnGroups.forEach(({ columns, count }, g) => {
        const { pack, tiles } = packed[g]!;
        body.set(groupEnd, i32.add(column, count * columns));
        body.repeatWhile(i32.ltU(column, groupEnd), () => {
          body.do(pack.call(i32.add(b, i32.shl(column, 2)), scratch, chunk));
          body.set(row, first);
          body.set(aPanel, aPacked);
          body.set(cTile, i32.add(c, i32.shl(i32.add(i32.mul(first, plan.cStride), column), 2)));
          rowClasses.forEach((height, r) => {
            body.while(i32.leS(i32.add(row, height), end), () => {
              body.do(tiles[r]!.call(aPanel, scratch, cTile, chunk, add));
              body.set(row, i32.add(row, height));
              body.set(aPanel, i32.add(aPanel, i32.mul(chunk, 4 * height)));
              body.set(cTile, i32.add(cTile, 4 * height * plan.cStride));
            });
          });
          body.set(column, i32.add(column, columns));
        });
      });

      body.set(a, i32.add(a, i32.mul(chunk, 4 * plan.aStride)));
      body.set(b, i32.add(b, i32.mul(chunk, 4 * plan.bStride)));
      body.set(done, i32.add(done, chunk));
      body.set(add, 1);
      body.branchIf(nextChunk, i32.ltU(done, rows));
    });
  });
}

/** The columns of C as runs of equal groups: as wide as the tile, then single panels, then the rest. */
function groupsOf(n: number, panels: number): { columns: number; count: number }[] {
  const full = Math.floor(n / PANEL_COLUMNS);
  const groups = [
    { columns: panels * PANEL_COLUMNS, count: Math.floor(full / panels) },
    { columns: PANEL_COLUMNS, count: full % panels },
    { columns: n % PANEL_COLUMNS, count: n % PANEL_COLUMNS > 0 ? 1 : 0 },
  ];
  return groups.filter(({ count }) => count > 0);
}

/** Emits `(a, packed, rows, width)`: `width` columns of A, grouped as the tiles read them, each group row after row. */
function emitPackA(module: ModuleBuilder, name: string, stride: number, widths: readonly number[]): WasmFunction<"none"> {
  const params = { a: "i32", packed: "i32", rows: "i32", width: "i32" } as const;
  return module.function(name, { params }, (body, { a, packed, rows, width }) => {
    const from = body.local("i32", "from");
    const groupEnd = body.local("i32", "groupEnd");
    for (const group of widths) {
      body.while(i32.geS(width, group), () => {
        body.set(from, a);
        body.set(groupEnd, i32.add(packed, i32.mul(rows, 4 * group)));
        body.while(i32.ltU(packed, groupEnd), () => {
          let at = 0;
          for (; at + 4 <= group; at += 4) body.do(v128.store(packed, v128.load(from, 4 * at), 4 * at));
          if (at + 2 <= group) {
            body.do(v128.store64Lane(packed, v128.load64Zero(from, 4 * at), 0, 4 * at));
            at += 2;
          }
          if (at < group) body.do(i32.store(packed, i32.load(from, 4 * at), 4 * at));
          body.set(from, i32.add(from, 4 * stride));
          body.set(packed, i32.add(packed, 4 * group));
        });
        body.set(a, i32.add(a, 4 * group));
        body.set(width, i32.sub(width, group));
      });
    }
  });
}

/** Bytes of one packed row of `columns` columns. */
function packedRow(columns: number): number {
  return Math.ceil(columns / PANEL_COLUMNS) * PANEL_ROW;
}

/** Emits `(b, packed, rows)`: `columns` columns of B, row after row. */
function emitPackB(module: ModuleBuilder, name: string, stride: number, columns: number): WasmFunction<"none"> {
  return module.function(name, { params: { b: "i32", packed: "i32", rows: "i32" } }, (body, { b, packed, rows }) => {
    const end = body.let(i32.add(packed, i32.mul(rows, packedRow(columns))), "end");
    body.while(i32.ltU(packed, end), () => {
      packRow(body, b, packed, columns, 4);
      body.set(b, i32.add(b, 4 * stride));
      body.set(packed, i32.add(packed, packedRow(columns)));
    });
  });
}

/** Emits `(a, b, c, length, add)`: one tile of C from packed operands, starting from C where `add` is not 0. */
function emitTile(module: ModuleBuilder, name: string, rows: number, columns: number, cStride: number): WasmFunction<"none"> {
  const params = { a: "i32", b: "i32", c: "i32", length: "i32", add: "i32" } as const;
  return module.function(name, { params }, (body, { a, b, c, length, add }) => {
    const tile = declareTile(body, rows, columns);
    const bRow = packedRow(columns);
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
    storeTile(body, tile, c, 4 * cStride);
  });
}
