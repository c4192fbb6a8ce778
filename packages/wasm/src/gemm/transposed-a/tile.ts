import { i32, type ModuleBuilder, v128, type WasmFunction } from "../../assembler/index.ts";
import { eachPlace } from "../../pairwise.ts";
import { addProducts, addTile, declareTile, startFrom, startFromZero, storeTile } from "../tile.ts";
import { paddedColumns } from "./packing.ts";

const UNROLL = 4;

interface TileShape {
  /** Columns of C, and floats from one of its rows to the next. */
  readonly n: number;
  readonly cStride: number;
  /** Rows of each place where totals of blocks wait; 0 if all rows make one block. */
  readonly waitingRows: number;
  /** Of the tile. */
  readonly rows: number;
  readonly columns: number;
}

/**
 * Emits `(a, b, c, length, add, places, added, place)`: one tile of C from packed operands, starting from C if `add` is
 * not 0. Adds the totals in the places whose bits are set in `added`. Stores the tile in the place `place`, or in C if
 * that is negative.
 */
export function emitTile(
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
