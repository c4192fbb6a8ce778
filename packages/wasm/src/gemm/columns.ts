import { type Body, type Expression, v128 } from "../assembler/index.ts";

/*
 * Loads and stores at the right edge of a matrix, where fewer than four columns are left. They touch nothing outside
 * the matrix.
 */

/** Loads `count` (1 to 4) floats from `address + offset`. The other lanes are 0. */
export function loadColumns(address: Expression<"i32">, offset: number, count: number): Expression<"v128"> {
  switch (count) {
    case 1:
      return v128.load32Zero(address, offset);
    case 2:
      return v128.load64Zero(address, offset);
    case 3:
      return v128.load32Lane(address, v128.load64Zero(address, offset), 2, offset + 8);
    default:
      return v128.load(address, offset);
  }
}

/** Writes the first `count` (1 to 4) lanes of a variable to `address + offset`. */
export function storeColumns(
  body: Body,
  address: Expression<"i32">,
  value: Expression<"v128">,
  offset: number,
  count: number,
): void {
  if (count >= 4) {
    body.do(v128.store(address, value, offset));
    return;
  }
  if (count >= 2) body.do(v128.store64Lane(address, value, 0, offset));
  if (count !== 2) body.do(v128.store32Lane(address, value, count - 1, offset + 4 * (count - 1)));
}
