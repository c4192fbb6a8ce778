import { nth, PRODUCT_BLOCK } from "@sluice/tensor/internal";
import {
  type Body,
  type Expression,
  f32x4,
  i32,
  type Local,
  type ModuleBuilder,
  times,
  v128,
  type WasmFunction,
} from "../assembler/index.ts";
import { blocksOf, eachPlace, nextPlace, placesFor } from "../pairwise.ts";
import { loadColumns, storeColumns } from "./columns.ts";

/*
 * The product of a few rows with a matrix that is read once, unpacked: C[M, N] = A[M, K] B[K, N]. Its speed is the
 * speed of reading B from memory or a cache. So B is read along its rows, a few rows at once, which suits prefetching.
 * The sums wait in C, which stays in the first-level cache.
 */
interface StreamedShape {
  m: number;
  n: number;
  k: number;
  /** Floats from one row of A to the next, and from one column to the next. */
  aStrides: readonly [number, number];
  bStride: number;
  cStride: number;
}

/** Rows of B that are read at once. */
const ROWS = 4;
/** Columns of C per block. Threads divide C into such blocks. */
export const STREAMED_COLUMNS = 16;

/** Bytes of scratch memory per thread, for the totals of blocks that wait, [places, m, n]. */
export function streamedScratchBytes({
  m,
  n,
  k,
}: {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}): number {
  return placesFor(blocksOf(k, PRODUCT_BLOCK)) * 4 * m * n;
}

/**
 * Emits `(first, end, a, b, c, scratch)`: blocks `first .. end` of 16 columns of C. Each element is 0 + a_0 b_0 + a_1
 * b_1 + ..., in this order, 512 at a time.
 */
export function emitGemmStreamed(module: ModuleBuilder, name: string, shape: StreamedShape): WasmFunction<"none"> {
  const params = { first: "i32", end: "i32", a: "i32", b: "i32", c: "i32", scratch: "i32" } as const;
  return module.function(name, { params }, (body, { first, end, a, b, c, scratch }) => {
    const range = rangeOfColumns(body, shape, { first, end, b, c });
    const finished = blocksOf(shape.k, PRODUCT_BLOCK) - 1;
    const done = body.local("i32", "done");
    times(body, finished, () => {
      addBlock(body, shape, range, a, PRODUCT_BLOCK);
      const next = body.let(i32.add(done, 1), "next");
      const { added, place } = nextPlace(body, done, done, next);
      addWaiting(body, shape, range, scratch, added, place);
      body.set(done, next);
    });
    addBlock(body, shape, range, a, shape.k - finished * PRODUCT_BLOCK);
    if (finished > 0) addWaiting(body, shape, range, scratch, i32.const(finished));
  });
}

/** The columns of C from block `first` on. */
interface ColumnRange {
  readonly first: Local<"i32">;
  /** At column `first` of the row of B that is read next, and of C. */
  readonly bFirst: Local<"i32">;
  readonly cFirst: Local<"i32">;
  /** At the column that is computed now. */
  readonly bAt: Local<"i32">;
  readonly cAt: Local<"i32">;
  /** Visits the blocks of columns; `cAt` is at the first one of each. `visit` must move `cAt` on. */
  each(visit: (columns: number) => void): void;
}

function rangeOfColumns(
  body: Body,
  { n }: StreamedShape,
  { first, end, b, c }: Readonly<Record<"first" | "end" | "b" | "c", Local<"i32">>>,
): ColumnRange {
  const full = Math.floor(n / STREAMED_COLUMNS);
  const tail = n % STREAMED_COLUMNS;
  const bFirst = body.let(i32.add(b, i32.mul(first, 4 * STREAMED_COLUMNS)), "bFirst");
  const cFirst = body.let(i32.add(c, i32.mul(first, 4 * STREAMED_COLUMNS)), "cFirst");
  const bAt = body.local("i32", "bAt");
  const cAt = body.local("i32", "cAt");
  const cEnd = body.let(i32.add(c, i32.mul(end, 4 * STREAMED_COLUMNS)), "cEnd");
  // An empty range has no tail, even at the end.
  const withTail = i32.and(i32.gtU(end, full), i32.leU(first, full));
  if (tail > 0) body.if(i32.gtU(end, full), () => body.set(cEnd, i32.add(c, 4 * STREAMED_COLUMNS * full)));
  return {
    first,
    bFirst,
    cFirst,
    bAt,
    cAt,
    each(visit) {
      body.set(cAt, cFirst);
      body.while(i32.ltU(cAt, cEnd), () => visit(STREAMED_COLUMNS));
      if (tail > 0) body.if(withTail, () => visit(tail));
    },
  };
}

/** The sums over the next `length` rows of B, in C. */
function addBlock(body: Body, shape: StreamedShape, range: ColumnRange, a: Local<"i32">, length: number): void {
  addRows(body, shape, range, a, Math.min(length, ROWS), true);
  times(body, Math.floor(length / ROWS) - 1, () => addRows(body, shape, range, a, ROWS, false));
  if (length > ROWS && length % ROWS > 0) addRows(body, shape, range, a, length % ROWS, false);
}

/** Adds the next `rows` rows of B. With `start`, the sums start from 0 instead of C. */
function addRows(
  body: Body,
  shape: StreamedShape,
  { bFirst, bAt, cAt, each }: ColumnRange,
  a: Local<"i32">,
  rows: number,
  start: boolean,
): void {
  const factors = factorsOf(body, shape, a, rows);
  body.set(bAt, bFirst);
  each((columns) => {
    addColumns(body, shape, { factors, rows, b: bAt, c: cAt, columns, start });
    body.set(bAt, i32.add(bAt, 4 * STREAMED_COLUMNS));
    body.set(cAt, i32.add(cAt, 4 * STREAMED_COLUMNS));
  });
  body.set(a, i32.add(a, 4 * rows * shape.aStrides[1]));
  body.set(bFirst, i32.add(bFirst, 4 * rows * shape.bStride));
}

/** Adds the totals in the places of `bits` to C. The sum goes to C, or to `place` if it is given. */
function addWaiting(
  body: Body,
  { m, n, cStride }: StreamedShape,
  { first, cAt, each }: ColumnRange,
  scratch: Local<"i32">,
  bits: Expression<"i32">,
  place?: Expression<"i32">,
): void {
  const places = body.let(i32.add(scratch, i32.mul(first, 4 * STREAMED_COLUMNS)), "places");
  const left = body.local("i32", "bits");
  const addTo = (row: number, column: number, width: number): void => {
    const [inC, inPlace] = [4 * (row * cStride + column), 4 * (row * n + column)];
    const sum = body.let(loadColumns(cAt, inC, width), "sum");
    body.set(left, bits);
    eachPlace(body, places, 4 * m * n, left, (at) => body.set(sum, f32x4.add(loadColumns(at, inPlace, width), sum)));
    if (place === undefined) storeColumns(body, cAt, sum, inC, width);
    else storeColumns(body, body.let(i32.add(places, i32.mul(place, 4 * m * n)), "to"), sum, inPlace, width);
  };
  each((columns) => {
    for (let column = 0; column < columns; column += 4)
      for (let row = 0; row < m; row++) addTo(row, column, Math.min(4, columns - column));
    body.set(cAt, i32.add(cAt, 4 * STREAMED_COLUMNS));
    body.set(places, i32.add(places, 4 * STREAMED_COLUMNS));
  });
}

/** Elements of A, each in all lanes: for each row of C, one per row of B. */
function factorsOf(body: Body, { m, aStrides }: StreamedShape, a: Expression<"i32">, rows: number): Local<"v128">[][] {
  return Array.from({ length: m }, (_, row) =>
    Array.from({ length: rows }, (_unused, i) =>
      body.let(v128.load32Splat(a, 4 * (row * aStrides[0] + i * aStrides[1])), `a${row}${i}`),
    ),
  );
}

interface Block {
  readonly factors: readonly (readonly Local<"v128">[])[];
  /** Rows of B. */
  readonly rows: number;
  readonly b: Local<"i32">;
  readonly c: Local<"i32">;
  readonly columns: number;
  readonly start: boolean;
}

/** Loads everything before it stores anything, and stores neighbours one after another, so that V8 pairs them. */
function addColumns(
  body: Body,
  { bStride, cStride }: StreamedShape,
  { factors, rows, b, c, columns, start }: Block,
): void {
  for (let at = 0; at < columns; at += 8) {
    const vectors = [at, at + 4]
      .filter((column) => column < columns)
      .map((column) => {
        const count = Math.min(4, columns - column);
        const bs = Array.from({ length: rows }, (_, i) =>
          body.let(loadColumns(b, 4 * (i * bStride + column), count), `b${i}`),
        );
        const sums = factors.map((row, r) => {
          const from = start ? f32x4.const(0) : loadColumns(c, 4 * (r * cStride + column), count);
          return body.let(
            row.reduce<Expression<"v128">>((sum, factor, i) => body.multiplyAdd(sum, factor, nth(bs, i)), from),
            "sum",
          );
        });
        return { column, count, sums };
      });
    factors.forEach((_, r) => {
      for (const { column, count, sums } of vectors)
        storeColumns(body, c, nth(sums, r), 4 * (r * cStride + column), count);
    });
  }
}
