import { lookUp, nth, SUM_BLOCK } from "@sluice/tensor/internal";
import { type Body, type Expression, f32x4, i32, type Local, times, v128 } from "../assembler/index.ts";
import { blocksOf, eachPlace, nextPlace } from "../pairwise.ts";
import { advance, type Axis, movingAlong } from "./nest.ts";
import { computeBlock, computeFixed, storeBlock, widthsFor } from "./pass.ts";
import { type Pointers, type Reducing, sumsBytes } from "./reducing.ts";
import { storePlaces } from "./lanes.ts";
import { placesIn, walk } from "./walk.ts";

/**
 * Along another axis than the innermost: one row after the other, with the sums of all columns in memory. Memory is
 * then read and written in its order, and what a row has in common is computed once.
 */
export function emitRows(
  body: Body,
  reducing: Reducing,
  inner: Axis,
  { pointers, scratch }: { readonly pointers: Pointers; readonly scratch: Local<"i32"> },
): void {
  const { results, along, places } = reducing;
  const bytes = results.length * sumsBytes(inner);
  const start = (): void => eachSum(body, scratch, bytes, (at) => body.do(v128.store(at, reducing.rule.start)));
  start();
  const row = movingAlong(body, along, pointers);
  const take = (terms: number): void => {
    const left = body.let(i32.const(terms), "left");
    body.while(left, () => {
      addRow(body, reducing, inner, { pointers: row, scratch });
      advance(body, row, along, 1);
      body.set(left, i32.sub(left, 1));
    });
  };
  const waitingAt = body.let(i32.add(scratch, bytes), "places");
  const [taken, block] = [body.local("i32", "taken"), body.local("i32", "block")];
  const finished = places === 0 ? 0 : blocksOf(along.length, SUM_BLOCK) - 1;
  if (finished > 0) {
    body.set(taken, 0);
    body.set(block, 0);
    times(body, finished, () => {
      take(SUM_BLOCK);
      const next = body.let(i32.add(block, 1), "next");
      const { added, place } = nextPlace(body, taken, block, next);
      body.set(taken, i32.or(i32.xor(taken, added), i32.shl(1, place)));
      body.set(block, next);
      const to = body.let(i32.add(waitingAt, i32.mul(place, bytes)), "to");
      eachSum(body, scratch, bytes, (at) => {
        const sum = withWaiting(body, at, { places: waitingAt, from: scratch, bytes, bits: added });
        body.do(v128.store(i32.add(to, i32.sub(at, scratch)), sum));
        body.do(v128.store(at, reducing.rule.start));
      });
    });
  }
  take(along.length - finished * SUM_BLOCK);
  if (finished > 0)
    eachSum(body, scratch, bytes, (at) =>
      body.do(v128.store(at, withWaiting(body, at, { places: waitingAt, from: scratch, bytes, bits: taken }))),
    );
  storeSums(body, reducing, inner, { pointers, scratch });
}

/** Visits each vector of the sums. */
function eachSum(body: Body, scratch: Local<"i32">, bytes: number, visit: (at: Local<"i32">) => void): void {
  const at = body.let(scratch, "at");
  const end = body.let(i32.add(scratch, bytes), "end");
  body.repeatWhile(i32.ltU(at, end), () => {
    visit(at);
    body.set(at, i32.add(at, 16));
  });
}

/** A vector of the sums, with the totals that wait for it in the places of `bits`. */
function withWaiting(
  body: Body,
  at: Local<"i32">,
  {
    places,
    from,
    bytes,
    bits,
  }: {
    readonly places: Local<"i32">;
    readonly from: Local<"i32">;
    readonly bytes: number;
    readonly bits: Expression<"i32">;
  },
): Local<"v128"> {
  const sum = body.let(v128.load(at), "sum");
  const left = body.let(bits, "bits");
  eachPlace(body, i32.add(places, i32.sub(at, from)), bytes, left, (waiting) =>
    body.set(sum, f32x4.add(v128.load(waiting), sum)),
  );
  return sum;
}

/** Computes the values of one row, stores those that are stored, and adds the others to the sums. */
function addRow(
  body: Body,
  { pass, results, rule }: Reducing,
  inner: Axis,
  { pointers, scratch }: { readonly pointers: Pointers; readonly scratch: Local<"i32"> },
): void {
  const fixed = computeFixed(body, { pass, axis: inner, pointers });
  const row = { pass, axis: inner, pointers: movingAlong(body, inner, pointers) };
  const at = body.let(scratch, "at");
  walk(body, inner, { count: i32.const(inner.length), widths: widthsFor(pass, 8) }, (block, width) => {
    const values = computeBlock(body, row, block, fixed);
    const sums = results.map(({ value }, i) =>
      lookUp(values, value, "no value to reduce").map((vector, copy) => {
        const offset = i * sumsBytes(inner) + 16 * copy;
        return { offset, sum: body.let(rule.vector(v128.load(at, offset), vector), "sum") };
      }),
    );
    storeBlock(body, row, block, values);
    for (const { offset, sum } of sums.flat()) body.do(v128.store(at, sum, offset));
    advance(body, row.pointers, inner, width);
    body.set(at, i32.add(at, 4 * width));
  });
}

/** Moves the sums to where they go. */
function storeSums(
  body: Body,
  { results }: Reducing,
  inner: Axis,
  { pointers, scratch }: { readonly pointers: Pointers; readonly scratch: Local<"i32"> },
): void {
  const moving = movingAlong(body, inner, pointers);
  const at = body.let(scratch, "at");
  walk(body, inner, { count: i32.const(inner.length), widths: [16, 8, 4, 1] }, ({ copies, lanes }, width) => {
    results.forEach(({ pointer, offset }, i) => {
      const vectors = Array.from({ length: copies }, (_, copy) =>
        body.let(v128.load(at, i * sumsBytes(inner) + 16 * copy), "sum"),
      );
      for (const [copy, vector] of vectors.entries())
        storePlaces(body, nth(moving, pointer), vector, offset, placesIn(inner, pointer, { copy, lanes }));
    });
    advance(body, moving, inner, width);
    body.set(at, i32.add(at, 4 * width));
  });
}
