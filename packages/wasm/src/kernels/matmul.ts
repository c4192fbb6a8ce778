import type { MatmulStep, View } from "@sluice/compiler";
import { PRODUCT_BLOCK } from "@sluice/tensor/internal";
import { i32 } from "../assembler/index.ts";
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
import { type Kernel, type KernelModule, lengthAt, matrixStrides, type RangeOptions, strideAt } from "./kernel.ts";
import { stridedKernel } from "./strided-product.ts";

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
