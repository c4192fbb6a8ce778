import { nth } from "@sluice/tensor/internal";
import { type Expression, i32x4, v128 } from "../assembler/index.ts";

/*
 * Threefry-2x32 with 20 rounds on four counters at a time (Salmon et al., SC11). The scalar version is
 * `scalar/threefry.ts` in @sluice/tensor.
 */
type Vector = Expression<"v128">;

const PARITY = 0x1bd11bda;
const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

function rotateLeft(x: Vector, bits: number): Vector {
  return v128.or(i32x4.shl(x, bits), i32x4.shrU(x, 32 - bits));
}

/** The two random words of each lane, for i32x4 keys and counters. */
export function threefry2x32(key: readonly [Vector, Vector], counter: readonly [Vector, Vector]): [Vector, Vector] {
  const schedule = [key[0], key[1], v128.xor(v128.xor(key[0], key[1]), i32x4.const(PARITY))] as const;
  const word = (i: number): Vector => nth(schedule, i % 3);
  let x = i32x4.add(counter[0], schedule[0]);
  let y = i32x4.add(counter[1], schedule[1]);
  for (let group = 1; group <= 5; group++) {
    for (const bits of ROTATIONS[group % 2 === 1 ? 0 : 1]) {
      x = i32x4.add(x, y);
      y = v128.xor(x, rotateLeft(y, bits));
    }
    x = i32x4.add(x, word(group));
    y = i32x4.add(i32x4.add(y, word(group + 1)), group);
  }
  return [x, y];
}
