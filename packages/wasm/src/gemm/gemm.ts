import { PRODUCT_BLOCK } from "@sluice/tensor/internal";
import {
  type Body,
  type Expression,
  i32,
  type Local,
  type ModuleBuilder,
  type Operand,
  times,
  v128,
  type WasmFunction,
} from "../assembler/index.ts";
import { blocksOf, eachPlace, nextPlace, placesFor } from "../pairwise.ts";
import { PANEL_COLUMNS, PANEL_ROW } from "./panel.ts";
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

/** What each sum starts from: 0, the value in C, or an element of a row of N biases. */
type Start = "zero" | "add" | "bias";

interface GemmShape {
  n: number;
  k: number;
  /** Floats from one row of A to the next. Default k. */
  aStride?: number;
  /** Floats from one row of C to the next. Default n. */
  cStride?: number;
  /** Default "zero". */
  start?: Start;
  /** Affects speed only. Default `DEFAULT_TILE`. */
  tile?: TileSize;
  /** The tile heights to write code for (`tileHeights`). Default: those for any range of rows. */
  heights?: readonly number[];
}

interface Plan extends Required<GemmShape> {
  fullPanels: number;
  tail: number;
}

const UNROLL = 4;
/** Sums of up to this K are fully unrolled. */
const WRITTEN_OUT = 16;
/** Bytes of A that are multiplied by all of B before the next ones are read. They stay in the second-level cache. */
const A_BLOCK = 131072;

/** `a`, `b`, `c`, `bias` are the addresses of row 0 and panel 0. Totals of blocks wait in `scratch`. */
const POINTERS = { a: "i32", b: "i32", c: "i32", bias: "i32", scratch: "i32" } as const;

/** Bytes of scratch memory that each thread needs. */
export function gemmScratchBytes({ k, tile }: { readonly k: number; readonly tile: TileSize }): number {
  return placesFor(blocksOf(k, PRODUCT_BLOCK)) * Math.max(4, tile.rows) * tile.panels * PANEL_ROW;
}

/**
 * Emits `(first, end, a, b, c, bias, scratch)`: C[first .. end, N] = start + A[first .. end, K] . B[K, N], with B
 * packed by `emitPack`. `a` and `c` are the addresses of row 0; `bias` is read only with `start: "bias"`.
 *
 * Every element is start + a_0 b_0 + a_1 b_1 + ..., in this order, with each product and each sum rounded to f32, or
 * both at once if the module is relaxed. After every 512 products a new sum starts from 0, and these sums are added in
 * pairs.
 */
export function emitGemm(module: ModuleBuilder, name: string, shape: GemmShape): WasmFunction<"none"> {
  const plan: Plan = {
    aStride: shape.k,
    cStride: shape.n,
    start: "zero",
    tile: DEFAULT_TILE,
    heights: tileHeights((shape.tile ?? DEFAULT_TILE).rows),
    ...shape,
    fullPanels: Math.floor(shape.n / PANEL_COLUMNS),
    tail: shape.n % PANEL_COLUMNS,
  };
  const main = plan.tile.rows;
  const blockTiles = Math.max(1, Math.floor(A_BLOCK / (4 * plan.k * main)));
  const strips = plan.heights.map((rows) => ({ rows, strip: emitStrip(module, name, rows, plan) }));

  return module.function(
    name,
    { params: { first: "i32", end: "i32", ...POINTERS }, export: true },
    (body, { first, end, a, b, c, bias, scratch }) => {
      const left = body.let(i32.sub(end, first), "left");
      const aRow = body.let(i32.add(a, i32.mul(first, 4 * plan.aStride)), "aRow");
      const cRow = body.let(i32.add(c, i32.mul(first, 4 * plan.cStride)), "cRow");
      const tiles = body.local("i32", "tiles");
      for (const { rows, strip } of strips) {
        body.while(i32.geS(left, rows), () => {
          body.set(tiles, i32.divU(left, rows));
          body.if(i32.gtU(tiles, blockTiles), () => body.set(tiles, blockTiles));
          body.do(strip.call(aRow, b, cRow, bias, scratch, tiles));
          body.set(aRow, i32.add(aRow, i32.mul(tiles, 4 * rows * plan.aStride)));
          body.set(cRow, i32.add(cRow, i32.mul(tiles, 4 * rows * plan.cStride)));
          body.set(left, i32.sub(left, i32.mul(tiles, rows)));
        });
      }
    },
  );
}

/** How many panels a tile spans. With few rows (1, 2 or 4), more columns keep as many sums in flight. */
function panelsPerTile(rows: number, { tile, fullPanels }: Plan): number {
  const wanted = rows === tile.rows ? tile.panels : rows === 1 ? 4 : (4 / rows) * tile.panels;
  return Math.max(1, Math.min(wanted, fullPanels));
}

/**
 * Emits `(a, b, c, bias, scratch, tiles)`: `tiles` times `rows` rows of C, over all columns. It goes panel by panel, so
 * that a panel stays in the first-level cache.
 */
function emitStrip(module: ModuleBuilder, name: string, rows: number, plan: Plan): WasmFunction<"none"> {
  const group = panelsPerTile(rows, plan);
  const groups = Math.floor(plan.fullPanels / group);
  const single = plan.fullPanels % group;
  const tileOf = (columns: number) => emitTile(module, `${name}.tile${rows}x${columns}`, rows, columns, plan);
  const wide = groups > 0 ? tileOf(group * PANEL_COLUMNS) : undefined;
  const one = single > 0 ? tileOf(PANEL_COLUMNS) : undefined;
  const last = plan.tail > 0 ? tileOf(plan.tail) : undefined;

  return module.function(
    `${name}.strip${rows}`,
    { params: { ...POINTERS, tiles: "i32" } },
    (body, { a, b, c, bias, scratch, tiles }) => {
      // The end is an address in C, because all rows of an A that repeats one row have the same address.
      const cEnd = body.let(i32.add(c, i32.mul(tiles, 4 * rows * plan.cStride)), "cEnd");
      const aTile = body.local("i32", "aTile");
      const cTile = body.local("i32", "cTile");

      /** All rows of one group of panels. */
      function column(tile: WasmFunction<"none">, panels: number): void {
        body.set(aTile, a);
        body.set(cTile, c);
        body.repeatWhile(i32.ltU(cTile, cEnd), () => {
          body.do(tile.call(aTile, b, cTile, bias, scratch));
          body.set(aTile, i32.add(aTile, 4 * rows * plan.aStride));
          body.set(cTile, i32.add(cTile, 4 * rows * plan.cStride));
        });
        body.set(b, i32.add(b, panels * plan.k * PANEL_ROW));
        body.set(c, i32.add(c, panels * PANEL_ROW));
        if (plan.start === "bias") body.set(bias, i32.add(bias, panels * PANEL_ROW));
      }

      if (wide !== undefined) times(body, groups, () => column(wide, group));
      if (one !== undefined) times(body, single, () => column(one, 1));
      if (last !== undefined) column(last, 1);
    },
  );
}

/** Emits `(a, b, c, bias, scratch)`: one tile of C, block by block. */
function emitTile(
  module: ModuleBuilder,
  name: string,
  rows: number,
  columns: number,
  plan: Plan,
): WasmFunction<"none"> {
  const finished = blocksOf(plan.k, PRODUCT_BLOCK) - 1;
  const whole = { name, rows, columns, length: plan.k - Math.max(0, finished) * PRODUCT_BLOCK };
  if (finished < 1) return emitBlock(module, plan, { ...whole, start: plan.start, target: "c", waits: 0 });
  const last = emitBlock(module, plan, { ...whole, name: `${name}.last`, start: "zero", target: "c", waits: finished });
  const full = { rows, columns, length: PRODUCT_BLOCK, target: "scratch", waits: 0 } as const;
  const first = emitBlock(module, plan, { ...full, name: `${name}.first`, start: plan.start });
  const next =
    finished === 1
      ? undefined
      : emitBlock(module, plan, { ...full, name: `${name}.next`, start: "zero", waits: "places" });
  return module.function(name, { params: POINTERS }, (body, { a, b, c, bias, scratch }) => {
    const forward = (): void => {
      advance(body, a, 4 * PRODUCT_BLOCK);
      advance(body, b, PANEL_ROW * PRODUCT_BLOCK);
    };
    body.do(first.call(a, b, c, bias, scratch, 0, 0));
    forward();
    if (next !== undefined) {
      const block = body.let(i32.const(1), "block");
      times(body, finished - 1, () => {
        const { added, place } = nextPlace(body, block, block, i32.add(block, 1));
        body.do(next.call(a, b, c, bias, scratch, added, place));
        forward();
        body.set(block, i32.add(block, 1));
      });
    }
    body.do(last.call(a, b, c, bias, scratch));
  });
}

interface BlockShape {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** The number of products in each sum. */
  readonly length: number;
  readonly start: Start;
  /**
   * What is added at the end: the totals of this many blocks, or (`places`) the totals in the places whose bits are set
   * in a parameter.
   */
  readonly waits: number | "places";
  /** Where the tile is stored: in C, or in scratch memory, in the place given by a parameter. */
  readonly target: "c" | "scratch";
}

/**
 * Emits `(a, b, c, bias, scratch, added, place)`, without the last two if the target is C: a block of one tile of C. It
 * is a function of its own, with one loop: because it is called often, the optimizing compiler compiles it soon. With a
 * loop over blocks around it, products were a sixth slower.
 */
function emitBlock(
  module: ModuleBuilder,
  plan: Plan,
  { name, rows, columns, length, start, waits, target }: BlockShape,
): WasmFunction<"none"> {
  const { k } = plan;
  const params = target === "c" ? POINTERS : ({ ...POINTERS, added: "i32", place: "i32" } as const);
  return module.function(name, { params }, (body, all) => {
    const { a, b, c, bias, scratch } = all;
    const tile = declareTile(body, rows, columns);
    if (start === "zero") startFromZero(body, tile);
    else if (start === "add") startFrom(body, tile, c, 4 * plan.cStride);
    else startFrom(body, tile, bias, 0);

    function steps(count: number): void {
      for (let i = 0; i < count; i++) {
        addProducts(
          body,
          tile,
          (row) => v128.load32Splat(a, 4 * (row * plan.aStride + i)),
          (vector) => v128.load(b, (vector >> 1) * k * PANEL_ROW + i * PANEL_ROW + 16 * (vector & 1)),
        );
      }
    }

    const looped = length <= WRITTEN_OUT ? 0 : length - (length % UNROLL);
    if (looped > 0) {
      const aEnd = body.let(i32.add(a, 4 * looped), "aEnd");
      body.repeatWhile(i32.ltU(a, aEnd), () => {
        steps(UNROLL);
        advance(body, a, 4 * UNROLL);
        advance(body, b, PANEL_ROW * UNROLL);
      });
    }
    steps(length - looped);

    const rowBytes = 16 * Math.ceil(columns / 4);
    const bytes = rows * rowBytes;
    const addPlace = (at: Expression<"i32">): void => addTile(body, tile, at, rowBytes);
    if (waits === "places" && "added" in all) eachPlace(body, scratch, bytes, all.added, addPlace);
    else if (typeof waits === "number")
      for (let bit = 0; waits >> bit > 0; bit++)
        if ((waits >> bit) % 2 === 1) addPlace(body.let(i32.add(scratch, bit * bytes), "waiting"));
    if (target === "scratch" && "place" in all)
      storeTile(body, tile, body.let(i32.add(scratch, i32.mul(all.place, bytes)), "to"), rowBytes);
    else storeTile(body, tile, c, 4 * plan.cStride);
  });
}

function advance(body: Body, pointer: Local<"i32">, bytes: Operand<"i32">): void {
  body.set(pointer, i32.add(pointer, bytes));
}
