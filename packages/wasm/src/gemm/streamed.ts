import { PRODUCT_BLOCK } from "@sluice/tensor/internal";
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
  const { m, n, k, bStride, cStride } = shape;
  const full = Math.floor(n / STREAMED_COLUMNS);
  const tail = n % STREAMED_COLUMNS;
  const params = { first: "i32", end: "i32", a: "i32", b: "i32", c: "i32", scratch: "i32" } as const;
  return module.function(name, { params }, (body, { first, end, a, b, c, scratch }) => {
    const bFirst = body.let(i32.add(b, i32.mul(first, 4 * STREAMED_COLUMNS)), "bFirst");
    const cFirst = body.let(i32.add(c, i32.mul(first, 4 * STREAMED_COLUMNS)), "cFirst");
    const bAt = body.local("i32", "bAt");
    const cAt = body.local("i32", "cAt");
    const cEnd = body.let(i32.add(c, i32.mul(end, 4 * STREAMED_COLUMNS)), "cEnd");
    // An empty range has no tail, even at the end.
    const withTail = i32.and(i32.gtU(end, full), i32.leU(first, full));
    if (tail > 0) body.if(i32.gtU(end, full), () => body.set(cEnd, i32.add(c, 4 * STREAMED_COLUMNS * full)));

    /**
     * Adds `rows` rows of B, starting with the one that `bFirst` points to. With `start`, the sums start from 0 instead
     * of C.
     */
    function addRows(rows: number, start: boolean): void {
      const factors = factorsOf(body, shape, a, rows);
      const columns = (count: number): void => {
        addColumns(body, shape, { factors, b: bAt, c: cAt, columns: count, start });
        body.set(bAt, i32.add(bAt, 4 * STREAMED_COLUMNS));
        body.set(cAt, i32.add(cAt, 4 * STREAMED_COLUMNS));
      };
      body.set(bAt, bFirst);
      body.set(cAt, cFirst);
      body.while(i32.ltU(cAt, cEnd), () => columns(STREAMED_COLUMNS));
      if (tail > 0) body.if(withTail, () => columns(tail));
      body.set(a, i32.add(a, 4 * rows * shape.aStrides[1]));
      body.set(bFirst, i32.add(bFirst, 4 * rows * bStride));
    }

    /** The sums of a block's rows of B, in C. */
    function addBlock(length: number): void {
      addRows(Math.min(length, ROWS), true);
      times(body, Math.floor(length / ROWS) - 1, () => addRows(ROWS, false));
      if (length > ROWS && length % ROWS > 0) addRows(length % ROWS, false);
    }

    /** Adds the totals in the places of `bits` to C. The sum goes to C, or to `place` if it is given. */
    function addWaiting(bits: Expression<"i32">, place?: Expression<"i32">): void {
      const places = body.let(i32.add(scratch, i32.mul(first, 4 * STREAMED_COLUMNS)), "places");
      const left = body.local("i32", "bits");
      const columns = (count: number): void => {
        for (let column = 0; column < count; column += 4) {
          const width = Math.min(4, count - column);
          for (let row = 0; row < m; row++) {
            const sum = body.let(loadColumns(cAt, 4 * (row * cStride + column), width), "sum");
            const offset = 4 * (row * n + column);
            body.set(left, bits);
            eachPlace(body, places, 4 * m * n, left, (at) =>
              body.set(sum, f32x4.add(loadColumns(at, offset, width), sum)),
            );
            if (place === undefined) storeColumns(body, cAt, sum, 4 * (row * cStride + column), width);
            else storeColumns(body, body.let(i32.add(places, i32.mul(place, 4 * m * n)), "to"), sum, offset, width);
          }
        }
        body.set(cAt, i32.add(cAt, 4 * STREAMED_COLUMNS));
        body.set(places, i32.add(places, 4 * STREAMED_COLUMNS));
      };
      body.set(cAt, cFirst);
      body.while(i32.ltU(cAt, cEnd), () => columns(STREAMED_COLUMNS));
      if (tail > 0) body.if(withTail, () => columns(tail));
    }

    const finished = blocksOf(k, PRODUCT_BLOCK) - 1;
    const done = body.local("i32", "done");
    times(body, finished, () => {
      addBlock(PRODUCT_BLOCK);
      const next = body.let(i32.add(done, 1), "next");
      const { added, place } = nextPlace(body, done, done, next);
      addWaiting(added, place);
      body.set(done, next);
    });
    addBlock(k - finished * PRODUCT_BLOCK);
    if (finished > 0) addWaiting(i32.const(finished));
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
  readonly b: Local<"i32">;
  readonly c: Local<"i32">;
  readonly columns: number;
  readonly start: boolean;
}

/** Loads everything before it stores anything, and stores neighbours one after another, so that V8 pairs them. */
function addColumns(body: Body, { bStride, cStride }: StreamedShape, { factors, b, c, columns, start }: Block): void {
  for (let at = 0; at < columns; at += 8) {
    const vectors = [at, at + 4]
      .filter((column) => column < columns)
      .map((column) => ({ column, count: Math.min(4, columns - column) }));
    const sums = vectors.map(({ column, count }) => {
      const bs = factors[0]!.map((_, i) => body.let(loadColumns(b, 4 * (i * bStride + column), count), `b${i}`));
      return factors.map((row, r) => {
        const from = start ? f32x4.const(0) : loadColumns(c, 4 * (r * cStride + column), count);
        return body.let(
          row.reduce<Expression<"v128">>((sum, factor, i) => f32x4.add(sum, f32x4.mul(factor, bs[i]!)), from),
          "sum",
        );
      });
    });
    factors.forEach((_, r) => {
      vectors.forEach(({ column, count }, v) => storeColumns(body, c, sums[v]![r]!, 4 * (r * cStride + column), count));
    });
  }
}
