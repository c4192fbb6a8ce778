import { nth } from "@sluice/tensor/internal";
import { type Body, type Expression, f32x4, i32, type Local, v128 } from "../assembler/index.ts";
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
  const places = Array.from({ length: count }, (_, lane) => stride * lane);
  storePlaces(body, address, value, offset, places);
}

/** Whether four places are one after the other. */
export const areNeighbours = (places: readonly number[]): boolean =>
  places.every((place, i) => place === nth(places, 0) + i);

/** Whether elements at up to four places can be loaded at once: they are within four neighbours. */
export const areNear = (places: readonly number[]): boolean => Math.max(...places) - Math.min(...places) < 4;

/** Loads one to four elements at `places`, in elements from `address + offset`. The other lanes are undefined. */
export function loadPlaces(address: Expression<"i32">, offset: number, places: readonly number[]): Expression<"v128"> {
  const [least, most] = [Math.min(...places), Math.max(...places)];
  const [from, by] = shifted(address, offset + 4 * least);
  if (least === most) return v128.load32Splat(from, by);
  if (areNeighbours(places)) return loadColumns(from, by, places.length);
  if (areNear(places)) {
    const lane = (i: number): number => (places[i] ?? least) - least;
    return v128.shuffle32(loadColumns(from, by, most - least + 1), f32x4.const(0), [
      lane(0),
      lane(1),
      lane(2),
      lane(3),
    ]);
  }
  return (
    places.reduce<Expression<"v128"> | undefined>((vector, place, lane) => {
      const [at, more] = shifted(address, offset + 4 * place);
      return vector === undefined ? v128.load32Zero(at, more) : v128.load32Lane(at, vector, lane, more);
    }, undefined) ?? f32x4.const(0)
  );
}

/** Stores as many lanes as there are places. `value` must be a variable, unless they are four neighbours. */
export function storePlaces(
  body: Body,
  address: Expression<"i32">,
  value: Expression<"v128">,
  offset: number,
  places: readonly number[],
): void {
  if (areNeighbours(places)) {
    const [at, by] = shifted(address, offset + 4 * nth(places, 0));
    return storeColumns(body, at, value, by, places.length);
  }
  places.forEach((place, lane) => {
    const [at, by] = shifted(address, offset + 4 * place);
    body.do(v128.store32Lane(at, value, lane, by));
  });
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

/**
 * Of four groups of `vectors.length` neighbours each, two to four: their first elements, their second ones, and so on.
 * The vectors must be variables.
 */
export function takenApart(body: Body, vectors: readonly Local<"v128">[]): Local<"v128">[] {
  const n = vectors.length;
  if (n === 4) return transposed(body, vectors);
  return vectors.map((_, i) => {
    const lanes = [0, 1, 2, 3].map((group) => group * n + i);
    let taken: Expression<"v128"> = nth(vectors, 0);
    vectors.slice(1).forEach((vector, before) => {
      const until = 4 * (before + 1);
      const lane = (group: number): number => {
        const at = nth(lanes, group);
        if (at >= until) return Math.min(7, at - until + 4);
        return before === 0 ? at : group;
      };
      taken = v128.shuffle32(taken, vector, [lane(0), lane(1), lane(2), lane(3)]);
    });
    return body.let(taken, "taken");
  });
}
