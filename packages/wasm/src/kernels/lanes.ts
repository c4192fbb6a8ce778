import { nth } from "@sluice/tensor/internal";
import { type Body, type Expression, i32, type Local, v128 } from "../assembler/index.ts";
import { loadColumns, storeColumns } from "../gemm/columns.ts";

/**
 * Loads `count` (1 to 4) elements that are `stride` elements apart, from `address + offset` on. The other lanes are
 * undefined.
 */
export function loadLanes(
  address: Expression<"i32">,
  offset: number,
  stride: number,
  count: number,
): Expression<"v128"> {
  if (stride === 1) return loadColumns(address, offset, count);
  if (stride === 0) return v128.load32Splat(address, offset);
  let vector = v128.load32Zero(...shifted(address, offset));
  for (let lane = 1; lane < count; lane++) {
    const [at, by] = shifted(address, offset + 4 * stride * lane);
    vector = v128.load32Lane(at, vector, lane, by);
  }
  return vector;
}

/** Stores `count` lanes. `value` must be a variable, because it is used several times. */
export function storeLanes(
  body: Body,
  address: Expression<"i32">,
  value: Expression<"v128">,
  offset: number,
  stride: number,
  count: number,
): void {
  if (stride === 1) return storeColumns(body, address, value, offset, count);
  for (let lane = 0; lane < count; lane++) {
    const [at, by] = shifted(address, offset + 4 * stride * lane);
    body.do(v128.store32Lane(at, value, lane, by));
  }
}

/** Moves a negative offset into the address, because an instruction's offset cannot be negative. */
function shifted(address: Expression<"i32">, offset: number): [Expression<"i32">, number] {
  return offset >= 0 ? [address, offset] : [i32.add(address, offset), 0];
}

/** Four vectors of four as the rows of a matrix, transposed. They must be variables, because they are used twice. */
export function transposed(body: Body, rows: readonly Local<"v128">[]): Local<"v128">[] {
  const [a, b, c, d] = [nth(rows, 0), nth(rows, 1), nth(rows, 2), nth(rows, 3)];
  const pairs = (x: Local<"v128">, y: Local<"v128">): readonly [low: Local<"v128">, high: Local<"v128">] => [
    body.let(v128.shuffle32(x, y, [0, 4, 1, 5]), "low"),
    body.let(v128.shuffle32(x, y, [2, 6, 3, 7]), "high"),
  ];
  const [low1, high1] = pairs(a, b);
  const [low2, high2] = pairs(c, d);
  return (
    [
      [low1, low2],
      [high1, high2],
    ] as const
  ).flatMap(([x, y]) => [
    body.let(v128.shuffle32(x, y, [0, 1, 4, 5]), "column"),
    body.let(v128.shuffle32(x, y, [2, 3, 6, 7]), "column"),
  ]);
}
