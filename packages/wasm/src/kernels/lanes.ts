import { type Body, type Expression, i32, v128 } from "../assembler/index.ts";
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
