import type { MatmulStep, View } from "@sluice/compiler";
import { PRODUCT_BLOCK, sizeOf } from "@sluice/tensor/internal";
import { f32x4, i32, v128, type WasmFunction } from "../assembler/index.ts";
import {
  emitGemm,
  emitGemmStreamed,
  emitGemmTransposedA,
  gemmScratchBytes,
  STREAMED_COLUMNS,
  streamedScratchBytes,
  tileHeights,
  transposedAScratchBytes,
} from "../gemm/index.ts";
import { addInOrder, addListed, blocksOf, placesFor, waitingAt } from "../pairwise.ts";
import { type Kernel, type KernelModule, lengthAt, matrixStrides, type RangeOptions, strideAt } from "./kernel.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { blocks, iterationOf, nest, toFirstRow } from "./nest.ts";

/** Of c [m, n] = a [m, k] b [k, n]. */
interface Sizes {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/**
 * Chooses the kernel for a product by its layout: b in panels; a read by columns, as in weight gradients; few rows; or
 * any strides and batch axes. All kernels add products in the order of the contracted axis, in the same blocks, so they
 * give the same bits.
 */
export function matmulKernel(target: KernelModule, step: MatmulStep, { anyRows, byRows }: RangeOptions): Kernel {
  const { a, b, c, packed, positions, waiting } = step;
  if (c.shape.length !== 2 || c.strides[1] !== 1) return stridedKernel(target, step);
  const sizes: Sizes = { m: lengthAt(a, 0), k: lengthAt(a, 1), n: lengthAt(b, 1) };
  const { m, k } = sizes;
  if (k === 0) return stridedKernel(target, step);
  const rowMajor = a.strides[1] === 1 || k === 1;
  if (rowMajor && packed !== undefined && positions === undefined)
    return panelKernel(target, { ...step, packed }, sizes, anyRows);
  if (!byRows && m <= FEW_ROWS && b.strides[1] === 1 && positions === undefined)
    return streamedKernel(target, step, sizes);
  if (!rowMajor && m > 1 && b.strides[1] === 1 && (waiting !== undefined || k <= PRODUCT_BLOCK))
    return transposedKernel(target, step, sizes);
  return stridedKernel(target, step);
}

function panelKernel(
  target: KernelModule,
  { a, c, packed }: MatmulStep & { readonly packed: View },
  { m, k, n }: Sizes,
  anyRows: boolean,
): Kernel {
  const heights = tileHeights(target.tile.rows, anyRows ? undefined : m);
  const shape = { n, k, aStride: strideAt(a, 0), cStride: strideAt(c, 0), tile: target.tile, heights };
  const run = target.shared("matmul", shape, (name) => emitGemm(target.module, name, shape));
  return {
    count: m,
    grain: shape.tile.rows,
    work: 2 * m * n * k,
    scratchBytes: gemmScratchBytes(shape),
    call: ({ first, end, addressOf, scratch }) => run.call(first, end, ...[a, packed, c].map(addressOf), 0, scratch),
  };
}

function transposedKernel(
  target: KernelModule,
  { a, b, c, positions, waiting }: MatmulStep,
  { m, k, n }: Sizes,
): Kernel {
  const listed = positions !== undefined;
  const strides = { aStride: strideAt(a, 1), bStride: strideAt(b, 0), cStride: strideAt(c, 0) };
  const shape = {
    m,
    n,
    ...strides,
    listed,
    waitingRows: waiting?.shape[1] ?? 0,
    tile: target.tile,
    heights: tileHeights(target.tile.rows, m),
  };
  const run = target.shared("matmulTransposed", shape, (name) => emitGemmTransposedA(target.module, name, shape));
  return {
    count: m,
    grain: shape.tile.rows,
    work: 2 * m * n * k,
    scratchBytes: transposedAScratchBytes(shape),
    call({ first, end, addressOf, scratch }) {
      const list = positions && addressOf(positions);
      const [rows, from] = list === undefined ? [k, 0] : [i32.load(list), i32.add(list, 4)];
      return run.call(first, end, rows, ...[a, b, c].map(addressOf), scratch, addressOf(waiting ?? c), from);
    },
  };
}

/** Up to this many rows, packing the matrix is not worthwhile. */
const FEW_ROWS = 3;

function streamedKernel(target: KernelModule, { a, b, c }: MatmulStep, { m, k, n }: Sizes): Kernel {
  const shape = {
    m,
    n,
    k,
    aStrides: matrixStrides(a),
    bStride: strideAt(b, 0),
    cStride: strideAt(c, 0),
  };
  const run = target.shared("matmulStreamed", shape, (name) => emitGemmStreamed(target.module, name, shape));
  return {
    count: Math.ceil(n / STREAMED_COLUMNS),
    grain: 4,
    work: 2 * m * n * k,
    scratchBytes: streamedScratchBytes(shape),
    call: ({ first, end, addressOf, scratch }) => run.call(first, end, ...[a, b, c].map(addressOf), scratch),
  };
}

interface Strided {
  readonly rows: readonly number[];
  readonly k: number;
  readonly n: number;
  /** Strides of a, b and c, along all axes but the last one of c. */
  readonly strides: readonly (readonly number[])[];
  /** Strides along the contracted axis. */
  readonly contracted: readonly [number, number];
  /** Strides from one column to the next. */
  readonly columns: readonly [number, number];
  /** Whether the positions to contract are listed. */
  readonly listed: boolean;
}

function stridedKernel(target: KernelModule, { a, b, c, positions }: MatmulStep): Kernel {
  const rank = c.shape.length;
  const shape: Strided = {
    rows: c.shape.slice(0, -1),
    k: lengthAt(a, rank - 1),
    n: lengthAt(c, rank - 1),
    strides: [a.strides.slice(0, -1), [...b.strides.slice(0, -2), 0], c.strides.slice(0, -1)],
    contracted: [strideAt(a, rank - 1), strideAt(b, rank - 2)],
    columns: [strideAt(b, rank - 1), strideAt(c, rank - 1)],
    listed: positions !== undefined,
  };
  const run = target.shared("matmulStrided", shape, (name) => emitStrided(target, name, shape));
  return {
    count: iterationOf(shape.rows, shape.strides).rows,
    grain: 1,
    work: 2 * sizeOf(c.shape) * shape.k,
    scratchBytes: placesFor(blocksOf(shape.k, PRODUCT_BLOCK)) * 4 * COLUMNS,
    call: ({ first, end, addressOf, scratch }) =>
      run.call(first, end, ...[a, b, c].map(addressOf), positions ? addressOf(positions) : 0, scratch),
  };
}

/** Columns of c that are computed together. */
const COLUMNS = 64;

function emitStrided({ module }: KernelModule, name: string, shape: Strided): WasmFunction<"none"> {
  const { k, n, contracted, columns, listed } = shape;
  const iteration = iterationOf(shape.rows, shape.strides);
  const params = { first: "i32", end: "i32", a: "i32", b: "i32", c: "i32", list: "i32", scratch: "i32" } as const;
  return module.function(name, { params }, (body, { first, end, a, b, c, list, scratch }) => {
    toFirstRow(body, iteration, first, [a, b, c]);
    nest(body, iteration.axes, { first, end }, [a, b, c], ([rowA, rowB, rowC]) => {
      const bAt = body.let(rowB, "bAt");
      const cAt = body.let(rowC, "cAt");
      blocks(body, i32.const(n), { known: n, unit: 1, widths: [COLUMNS, 16, 4, 1] }, (width) => {
        const lanes = Math.min(4, width);
        const sums = Array.from({ length: Math.max(1, (width / 4) | 0) }, (_, v) => body.local("v128", `sum${v}`));
        for (const sum of sums) body.set(sum, f32x4.const(0));
        if (k > 0) {
          const x = body.let(rowA, "x");
          const y = body.let(bAt, "y");
          const waiting = k > PRODUCT_BLOCK ? waitingAt(body, scratch, 16 * sums.length) : undefined;
          const blocked = { sums, start: f32x4.const(0), block: PRODUCT_BLOCK, waiting };
          const take = (): void => {
            const element = body.let(v128.load32Splat(x), "element");
            sums.forEach((sum, v) => {
              const row = loadLanes(y, 16 * v * columns[0], columns[0], lanes);
              body.set(sum, body.multiplyAdd(sum, element, row));
            });
          };
          if (listed) {
            addListed(body, blocked, list, (position) => {
              body.set(x, i32.add(rowA, i32.mul(position, 4 * contracted[0])));
              body.set(y, i32.add(bAt, i32.mul(position, 4 * contracted[1])));
              take();
            });
          } else {
            const left = body.local("i32", "left");
            addInOrder(body, blocked, k, (terms) => {
              body.set(left, terms);
              body.while(left, () => {
                take();
                body.set(x, i32.add(x, 4 * contracted[0]));
                body.set(y, i32.add(y, 4 * contracted[1]));
                body.set(left, i32.sub(left, 1));
              });
            });
          }
        }
        sums.forEach((sum, v) => storeLanes(body, cAt, sum, 16 * v * columns[1], columns[1], lanes));
        body.set(bAt, i32.add(bAt, 4 * width * columns[0]));
        body.set(cAt, i32.add(cAt, 4 * width * columns[1]));
      });
    });
  });
}
