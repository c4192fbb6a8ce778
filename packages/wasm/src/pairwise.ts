import { type Body, type Expression, f32x4, i32, type Local, times, v128 } from "./assembler/index.ts";

/*
 * Adds the totals of blocks in pairs (see `pairwise.ts` of @sluice/tensor). A total waits for its neighbour in a place
 * in memory; there is one place per size. The bits of a number say which places are taken. If no block is left out,
 * that number is the number of finished blocks. A block of nothing but +0 may be left out, because adding it changes no
 * bit: the next total then waits, or is added, as if that block had been there.
 */
export interface Waiting {
  /** Address of the first place. */
  readonly places: Expression<"i32">;
  /** Bytes from one place to the next, which is the size of the sums. */
  readonly bytes: number;
  /** The places that are taken, as bits. */
  readonly taken: Local<"i32">;
  /** The number of the current block. */
  readonly block: Local<"i32">;
}

/** How many places `blocks` blocks need. */
export function placesFor(blocks: number): number {
  return blocks < 2 ? 0 : 32 - Math.clz32(blocks - 1);
}

/** How many blocks of `length` terms `count` terms fill. */
export function blocksOf(count: number, length: number): number {
  return Math.ceil(count / length);
}

export function waitingAt(body: Body, places: Expression<"i32">, bytes: number): Waiting {
  const [taken, block] = [body.local("i32", "taken"), body.local("i32", "block")];
  body.set(taken, 0);
  body.set(block, 0);
  return { places, bytes, taken, block };
}

/**
 * For a block that ends, when `next` is the next block: the bits of the places whose totals are added to its total, and
 * the place where the sum then waits.
 */
export function nextPlace(
  body: Body,
  taken: Expression<"i32">,
  block: Expression<"i32">,
  next: Expression<"i32">,
): { readonly added: Local<"i32">; readonly place: Local<"i32"> } {
  const place = body.let(i32.sub(31, i32.clz(i32.xor(block, next))), "place");
  const added = body.let(i32.and(taken, i32.sub(i32.shl(1, place), 1)), "added");
  return { added, place };
}

/**
 * Ends a block: adds the totals that wait for its sums, and stores the result to wait until block `next` is done. The
 * sums are then free.
 */
export function endBlock(body: Body, waiting: Waiting, sums: readonly Local<"v128">[], next: Expression<"i32">): void {
  const { places, bytes, taken, block } = waiting;
  const { added, place } = nextPlace(body, taken, block, next);
  body.set(taken, i32.or(i32.xor(taken, added), i32.shl(1, place)));
  body.set(block, next);
  addWaiting(body, sums, places, bytes, added);
  const to = body.let(i32.add(places, i32.mul(place, bytes)), "to");
  sums.forEach((sum, v) => body.do(v128.store(to, sum, 16 * v)));
}

/** Adds all waiting totals to the sums of the last block. */
export function endBlocks(body: Body, { places, bytes, taken }: Waiting, sums: readonly Local<"v128">[]): void {
  addWaiting(body, sums, places, bytes, taken);
}

/** Sums of terms, and the waiting totals of their blocks. Without `waiting` all terms are one block. */
export interface Blocked {
  readonly sums: readonly Local<"v128">[];
  /** The initial value of a sum. */
  readonly start: Expression<"v128">;
  /** The number of terms in a block. */
  readonly block: number;
  readonly waiting: Waiting | undefined;
}

/** Adds `count` terms in order; `take(n)` adds the next n to the sums. */
export function addInOrder(body: Body, blocked: Blocked, count: number, take: (terms: number) => void): void {
  const { sums, block, waiting } = blocked;
  const finished = waiting === undefined ? 0 : blocksOf(count, block) - 1;
  if (waiting !== undefined) {
    times(body, finished, () => {
      take(block);
      endBlock(body, waiting, sums, i32.add(waiting.block, 1));
      startAnew(body, blocked);
    });
  }
  take(count - finished * block);
  if (waiting !== undefined) endBlocks(body, waiting, sums);
}

/**
 * Adds the terms at listed positions. The list starts with their number; the positions increase. `take(position)` adds
 * one term to the sums.
 */
export function addListed(
  body: Body,
  blocked: Blocked,
  list: Expression<"i32">,
  take: (position: Local<"i32">) => void,
): void {
  const { sums, block, waiting } = blocked;
  const [left, place] = [body.local("i32", "left"), body.let(list, "place")];
  body.set(left, i32.load(place));
  body.while(left, () => {
    body.set(place, i32.add(place, 4));
    const position = body.let(i32.load(place), "position");
    if (waiting !== undefined) {
      const next = body.let(i32.divU(position, block), "next");
      body.if(i32.ne(next, waiting.block), () => {
        endBlock(body, waiting, sums, next);
        startAnew(body, blocked);
      });
    }
    take(position);
    body.set(left, i32.sub(left, 1));
  });
  if (waiting !== undefined) endBlocks(body, waiting, sums);
}

function startAnew(body: Body, { sums, start }: Blocked): void {
  for (const sum of sums) body.set(sum, start);
}

/** Adds the totals in the places of `bits` to the sums, small totals first. Sets `bits` to 0. */
function addWaiting(
  body: Body,
  sums: readonly Local<"v128">[],
  places: Expression<"i32">,
  bytes: number,
  bits: Local<"i32">,
): void {
  eachPlace(body, places, bytes, bits, (at) =>
    sums.forEach((sum, v) => body.set(sum, f32x4.add(v128.load(at, 16 * v), sum))),
  );
}

/** Visits the places of `bits` in order. Sets `bits` to 0. */
export function eachPlace(
  body: Body,
  places: Expression<"i32">,
  bytes: Expression<"i32"> | number,
  bits: Local<"i32">,
  visit: (at: Local<"i32">) => void,
): void {
  const at = body.let(places, "waiting");
  body.while(bits, () => {
    body.if(i32.and(bits, 1), () => visit(at));
    body.set(at, i32.add(at, bytes));
    body.set(bits, i32.shrU(bits, 1));
  });
}
