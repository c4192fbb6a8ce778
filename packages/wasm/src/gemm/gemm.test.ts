import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { type ModuleBuilder, wasmModule } from "../assembler/index.ts";
import { blocksOf, placesFor } from "../pairwise.ts";
import {
  DEFAULT_TILE,
  emitGemm,
  emitGemmStreamed,
  emitGemmTransposedA,
  emitPack,
  gemmScratchBytes,
  packedBytes,
  panelCount,
  STREAMED_COLUMNS,
  streamedScratchBytes,
  transposedAScratchBytes,
} from "./index.ts";

vi.setConfig({ testTimeout: 60_000 });

const round = Math.fround;

function instantiate(emit: (module: ModuleBuilder) => void) {
  const module = wasmModule({ memory: { initial: 64 } });
  emit(module);
  const memory = new WebAssembly.Memory({ initial: 64 });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } });
  let next = 1024;
  return {
    exports: exports as Record<string, (...args: number[]) => void>,
    /** A matrix in memory with nothing but NaN around it, so that a read or write beside it shows. */
    place(rows: number, stride: number, columns: number, value: (row: number, column: number) => number) {
      const address = next;
      const floats = new Float32Array(memory.buffer, address, Math.max(1, rows * stride)).fill(NaN);
      for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) floats[r * stride + c] = value(r, c);
      next = (address + 4 * rows * stride + 256) & ~63;
      return { address, floats };
    },
    reserve(bytes: number) {
      const address = next;
      new Float32Array(memory.buffer, address, bytes / 4).fill(NaN);
      next = (address + bytes + 64) & ~63;
      return address;
    },
  };
}

/** Values whose sums depend on the order in which they are taken. */
function values(seed: number) {
  let state = seed | 1;
  return () => {
    state = Math.imul(state, 1664525) + 1013904223;
    return round(((state >> 8) / 2 ** 23) * 2 ** ((state >>> 5) % 7));
  };
}

/** Products added from `start` on, 512 at a time; then these sums, the largest power of two of them on the left. */
function sumOf(products: readonly number[], start = 0): number {
  const blocks = Array.from({ length: Math.max(1, Math.ceil(products.length / 512)) }, (_, i) =>
    products.slice(512 * i, 512 * (i + 1)).reduce((sum, product) => round(sum + product), i === 0 ? start : 0),
  );
  const tree = (totals: readonly number[]): number => {
    if (totals.length === 1) return totals[0]!;
    const left = 2 ** (31 - Math.clz32(totals.length - 1));
    return round(tree(totals.slice(0, left)) + tree(totals.slice(left)));
  };
  return tree(blocks);
}

/** Short, and around the borders of blocks. */
const contracted = (max: number) =>
  fc.oneof(size(max), size(max), fc.integer({ min: 506, max: 518 }), fc.integer({ min: 1000, max: 2000 }));
const size = (max: number) => fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max }));
const tile = fc.record({ rows: fc.integer({ min: 1, max: 7 }), panels: fc.integer({ min: 1, max: 3 }) });
const seed = fc.integer();

describe("C = start + A B", () => {
  const shapes = fc.record({
    m: size(40),
    n: size(70),
    k: contracted(60),
    tile,
    seed,
    aGap: fc.integer({ min: 0, max: 3 }),
    cGap: fc.integer({ min: 0, max: 3 }),
    start: fc.constantFrom("zero" as const, "add" as const, "bias" as const),
    transposed: fc.boolean(),
    from: fc.nat(3),
  });

  test("has the bits of the plain loop, and touches nothing else", () => {
    fc.assert(
      fc.property(shapes, ({ m, n, k, tile, seed, aGap, cGap, start, transposed, from }) => {
        const [aStride, cStride] = [k + aGap, n + cGap];
        const { exports, place, reserve } = instantiate((module) => {
          emitPack(module, "pack", { n, k, transposed });
          emitGemm(module, "gemm", { n, k, aStride, cStride, start, tile });
        });
        const next = values(seed);
        const a = place(m, aStride, k, next);
        const b = transposed ? place(n, k, k, next) : place(k, n, n, next);
        const bias = place(1, n, n, next);
        const c = place(m, cStride, n, next);
        const packed = reserve(packedBytes({ n, k }));
        const scratch = reserve(gemmScratchBytes({ k, tile }));
        const beyond = place(1, 1, 1, () => 42);

        const expected = c.floats.slice();
        const first = Math.min(from, m);
        for (let i = first; i < m; i++) {
          for (let j = 0; j < n; j++) {
            const from = start === "zero" ? 0 : start === "add" ? c.floats[i * cStride + j]! : bias.floats[j]!;
            const right = (l: number): number => (transposed ? b.floats[j * k + l]! : b.floats[l * n + j]!);
            expected[i * cStride + j] = sumOf(
              Array.from({ length: k }, (_, l) => round(a.floats[i * aStride + l]! * right(l))),
              from,
            );
          }
        }

        // Panels in two halves, as two threads would.
        const half = panelCount(n) >> 1;
        exports.pack!(b.address, packed, half, panelCount(n));
        exports.pack!(b.address, packed, 0, half);
        exports.gemm!(first, m, a.address, packed, c.address, bias.address, scratch);
        expect(c.floats).toEqual(expected);
        expect(beyond.floats[0]).toBe(42);
      }),
      { numRuns: 150 },
    );
  });

  test("rows of A that are one row repeated", () => {
    const [m, n, k] = [17, 11, 3];
    const { exports, place, reserve } = instantiate((module) => {
      emitPack(module, "pack", { n, k });
      emitGemm(module, "gemm", { n, k, aStride: 0 });
    });
    const next = values(5);
    const [a, b, c] = [place(1, k, k, next), place(k, n, n, next), place(m, n, n, next)];
    const packed = reserve(packedBytes({ n, k }));
    exports.pack!(b.address, packed, 0, panelCount(n));
    exports.gemm!(0, m, a.address, packed, c.address, 0);
    const row = Array.from({ length: n }, (_, j) =>
      a.floats.reduce((sum, x, l) => round(sum + round(x * b.floats[l * n + j]!)), 0),
    );
    expect([...c.floats]).toEqual(Array.from({ length: m }, () => row).flat());
  });

  test("no rows, no work", () => {
    const { exports, place, reserve } = instantiate((module) => emitGemm(module, "gemm", { n: 5, k: 3 }));
    const c = place(2, 5, 5, () => 7);
    exports.gemm!(2, 2, reserve(64), reserve(256), c.address, 0);
    expect([...c.floats]).toEqual(Array(10).fill(7));
  });

  test("many rows, in several blocks", () => {
    const [m, n, k] = [150, 24, 1300];
    const { exports, place, reserve } = instantiate((module) => {
      emitPack(module, "pack", { n, k });
      emitGemm(module, "gemm", { n, k });
    });
    const next = values(3);
    const [a, b, c] = [place(m, k, k, next), place(k, n, n, next), place(m, n, n, next)];
    const packed = reserve(packedBytes({ n, k }));
    exports.pack!(b.address, packed, 0, panelCount(n));
    exports.gemm!(0, m, a.address, packed, c.address, 0, reserve(gemmScratchBytes({ k, tile: DEFAULT_TILE })));
    for (const [i, j] of [
      [0, 0],
      [149, 23],
      [31, 7],
      [32, 8],
      [77, 16],
    ] as const) {
      expect(c.floats[i * n + j]).toBe(
        sumOf(Array.from({ length: k }, (_, l) => round(a.floats[i * k + l]! * b.floats[l * n + j]!))),
      );
    }
  });
});

describe("C = start + A^T B", () => {
  const shapes = fc.record({
    rows: fc.oneof(
      fc.nat(9),
      fc.integer({ min: 100, max: 300 }),
      fc.integer({ min: 506, max: 518 }),
      fc.integer({ min: 1000, max: 2000 }),
    ),
    m: size(30),
    n: size(50),
    tile,
    seed,
    aGap: fc.integer({ min: 0, max: 3 }),
    bGap: fc.integer({ min: 0, max: 3 }),
    cGap: fc.integer({ min: 0, max: 3 }),
    start: fc.constantFrom("zero" as const, "add" as const),
    cut: fc.nat(30),
    // Of a hundred rows, how many are listed; in front of which others.
    listed: fc.option(fc.record({ part: fc.integer({ min: 1, max: 100 }), from: fc.nat(1400) })),
  });

  test("has the bits of the plain loop for any division of the rows of C, and touches nothing else", () => {
    fc.assert(
      fc.property(shapes, ({ rows, m, n, tile, seed, aGap, bGap, cGap, start, cut, listed }) => {
        const isListed = listed !== null;
        const waitingRows = rows > 512 ? m : 0;
        const shape = {
          m,
          n,
          aStride: m + aGap,
          bStride: n + bGap,
          cStride: n + cGap,
          waitingRows,
          listed: isListed,
          start: isListed ? ("zero" as const) : start,
          tile,
        };
        const { exports, place, reserve } = instantiate((module) => emitGemmTransposedA(module, "product", shape));
        const next = values(seed);
        const a = place(rows, shape.aStride, m, next);
        const b = place(rows, shape.bStride, n, next);
        const c = place(m, shape.cStride, n, next);
        const scratch = reserve(transposedAScratchBytes(shape));
        const places = reserve(4 * placesFor(blocksOf(rows, 512)) * m * n);
        const list = place(1, rows + 1, 0, () => 0);
        const taken = Array.from({ length: rows }, (_, r) => r).filter(
          (r) => listed === null || (r >= listed.from % (rows + 1) && (r * 37) % 100 < listed.part),
        );
        const isTaken = new Set(taken);
        new Int32Array(list.floats.buffer, list.address, rows + 1).set(taken);
        const beyond = place(1, 1, 1, () => 42);

        const expected = c.floats.slice();
        for (let i = 0; i < m; i++) {
          for (let j = 0; j < n; j++) {
            const product = (r: number): number =>
              isTaken.has(r) ? round(a.floats[r * shape.aStride + i]! * b.floats[r * shape.bStride + j]!) : 0;
            expected[i * shape.cStride + j] = sumOf(
              Array.from({ length: rows }, (_, r) => product(r)),
              shape.start === "zero" ? 0 : c.floats[i * shape.cStride + j]!,
            );
          }
        }

        const middle = Math.min(cut, m);
        exports.product!(middle, m, taken.length, a.address, b.address, c.address, scratch, places, list.address);
        exports.product!(0, middle, taken.length, a.address, b.address, c.address, scratch, places, list.address);
        expect(c.floats).toEqual(expected);
        expect(beyond.floats[0]).toBe(42);
      }),
      { numRuns: 150 },
    );
  });
});

describe("C = A B, of a few rows", () => {
  const shapes = fc.record({
    m: fc.integer({ min: 1, max: 3 }),
    n: size(70),
    k: contracted(30),
    seed,
    transposed: fc.boolean(),
    aGap: fc.integer({ min: 0, max: 3 }),
    bGap: fc.integer({ min: 0, max: 3 }),
    cGap: fc.integer({ min: 0, max: 3 }),
    divided: fc.nat(5),
  });

  test("has the bits of the plain loop for any division of the columns of C, and touches nothing else", () => {
    fc.assert(
      fc.property(shapes, ({ m, n, k, seed, transposed, aGap, bGap, cGap, divided }) => {
        const [aStride, bStride, cStride] = [(transposed ? m : k) + aGap, n + bGap, n + cGap];
        const aStrides = transposed ? ([1, aStride] as const) : ([aStride, 1] as const);
        const { exports, place, reserve } = instantiate((module) => {
          const run = emitGemmStreamed(module, "streamed", { m, n, k, aStrides, bStride, cStride });
          const params = { first: "i32", end: "i32", a: "i32", b: "i32", c: "i32", scratch: "i32" } as const;
          module.function("run", { params, export: true }, (body, { first, end, a, b, c, scratch }) =>
            body.do(run.call(first, end, a, b, c, scratch)),
          );
        });
        const next = values(seed);
        const a = place(transposed ? k : m, aStride, transposed ? m : k, next);
        const b = place(k, bStride, n, next);
        const c = place(m, cStride, n, () => NaN);
        const scratch = reserve(streamedScratchBytes({ m, n, k }));
        const beyond = place(1, 1, 1, () => 42);
        const blocks = Math.ceil(n / STREAMED_COLUMNS);
        const middle = Math.min(divided, blocks);
        exports["run"]!(0, middle, a.address, b.address, c.address, scratch);
        exports["run"]!(middle, blocks, a.address, b.address, c.address, scratch);
        expect(beyond.floats[0]).toBe(42);
        for (let row = 0; row < m; row++) {
          for (let column = 0; column < cStride; column++) {
            const products = Array.from({ length: k }, (_, i) =>
              round(a.floats[row * aStrides[0] + i * aStrides[1]]! * b.floats[i * bStride + column]!),
            );
            expect(c.floats[row * cStride + column], `${row}, ${column}`).toBe(column < n ? sumOf(products) : NaN);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
