import type { MatmulStep } from "@sluice/compiler";
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
import type { Kernel, KernelModule, RangeOptions } from "./kernel.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { blocks, iterationOf, nest, toFirstRow } from "./nest.ts";

/**
 * Chooses the kernel for a product by its layout: b in panels; a read by columns, as in weight gradients; few rows; or
 * any strides and batch axes. All kernels add products in the order of the contracted axis, in the same blocks, so they
 * give the same bits.
 */
export function matmulKernel(target: KernelModule, step: MatmulStep, { anyRows, byRows }: RangeOptions): Kernel {
  const [m, k] = step.a.shape.slice(-2);
  const n = step.b.shape.at(-1);
  if (step.c.shape.length === 2 && k! > 0 && step.c.strides[1] === 1) {
    const rowMajor = step.a.strides[1] === 1 || k === 1;
    if (rowMajor && step.packed !== undefined && step.positions === undefined)
      return panelKernel(target, step, m!, k!, n!, anyRows);
    if (!byRows && m! <= FEW_ROWS && step.b.strides[1] === 1 && step.positions === undefined)
      return streamedKernel(target, step, m!, k!, n!);
    if (!rowMajor && m! > 1 && step.b.strides[1] === 1 && (step.waiting !== undefined || k! <= PRODUCT_BLOCK))
      return transposedKernel(target, step, m!, k!, n!);
  }
  return stridedKernel(target, step);
}

function panelKernel(
  target: KernelModule,
  { a, c, packed }: MatmulStep,
  m: number,
  k: number,
  n: number,
  anyRows: boolean,
): Kernel {
  const heights = tileHeights(target.tile.rows, anyRows ? undefined : m);
  const shape = { n, k, aStride: a.strides[0]!, cStride: c.strides[0]!, tile: target.tile, heights };
  const run = target.shared("matmul", shape, (name) => emitGemm(target.module, name, shape));
  return {
    views: [a, packed!, c],
    count: m,
    grain: shape.tile.rows,
    work: 2 * m * n * k,
    scratchBytes: gemmScratchBytes(shape),
    call: ({ first, end, addresses: [pa, pb, pc], scratch }) => run.call(first, end, pa!, pb!, pc!, 0, scratch),
  };
}

function transposedKernel(
  target: KernelModule,
  { a, b, c, positions, waiting }: MatmulStep,
  m: number,
  k: number,
  n: number,
): Kernel {
  const listed = positions !== undefined;
  const strides = { aStride: a.strides[1]!, bStride: b.strides[0]!, cStride: c.strides[0]! };
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
    views: [a, b, c, waiting ?? c, ...(listed ? [positions] : [])],
    count: m,
    grain: shape.tile.rows,
    work: 2 * m * n * k,
    scratchBytes: transposedAScratchBytes(shape),
    call({ first, end, addresses: [pa, pb, pc, places, list], scratch }) {
      const [rows, from] = list === undefined ? [k, 0] : [i32.load(list), i32.add(list, 4)];
      return run.call(first, end, rows, pa!, pb!, pc!, scratch, places!, from);
    },
  };
}

/** Up to this many rows, packing the matrix is not worthwhile. */
const FEW_ROWS = 3;

function streamedKernel(target: KernelModule, { a, b, c }: MatmulStep, m: number, k: number, n: number): Kernel {
  const shape = {
    m,
    n,
    k,
    aStrides: [a.strides[0]!, a.strides[1]!] as const,
    bStride: b.strides[0]!,
    cStride: c.strides[0]!,
  };
  const run = target.shared("matmulStreamed", shape, (name) => emitGemmStreamed(target.module, name, shape));
  return {
    views: [a, b, c],
    count: Math.ceil(n / STREAMED_COLUMNS),
    grain: 4,
    work: 2 * m * n * k,
    scratchBytes: streamedScratchBytes(shape),
    call: ({ first, end, addresses, scratch }) => run.call(first, end, ...addresses, scratch),
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
    k: a.shape[rank - 1]!,
    n: c.shape[rank - 1]!,
    strides: [a.strides.slice(0, -1), [...b.strides.slice(0, -2), 0], c.strides.slice(0, -1)],
    contracted: [a.strides[rank - 1]!, b.strides[rank - 2]!],
    columns: [b.strides[rank - 1]!, c.strides[rank - 1]!],
    listed: positions !== undefined,
  };
  const run = target.shared("matmulStrided", shape, (name) => emitStrided(target, name, shape));
  return {
    views: [a, b, c, ...(positions === undefined ? [] : [positions])],
    count: iterationOf(shape.rows, shape.strides).rows,
    grain: 1,
    work: 2 * sizeOf(c.shape) * shape.k,
    scratchBytes: placesFor(blocksOf(shape.k, PRODUCT_BLOCK)) * 4 * COLUMNS,
    call: ({ first, end, addresses: [pa, pb, pc, list], scratch }) =>
      run.call(first, end, pa!, pb!, pc!, list ?? 0, scratch),
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
      const bAt = body.let(rowB!, "bAt");
      const cAt = body.let(rowC!, "cAt");
      blocks(body, i32.const(n), { known: n, unit: 1, widths: [COLUMNS, 16, 4, 1] }, (width) => {
        const lanes = Math.min(4, width);
        const sums = Array.from({ length: Math.max(1, (width / 4) | 0) }, (_, v) => body.local("v128", `sum${v}`));
        for (const sum of sums) body.set(sum, f32x4.const(0));
        if (k > 0) {
          const x = body.let(rowA!, "x");
          const y = body.let(bAt, "y");
          const waiting = k > PRODUCT_BLOCK ? waitingAt(body, scratch, 16 * sums.length) : undefined;
          const blocked = { sums, start: f32x4.const(0), block: PRODUCT_BLOCK, waiting };
          const take = (): void => {
            const element = body.let(v128.load32Splat(x), "element");
            sums.forEach((sum, v) => {
              const row = loadLanes(y, 16 * v * columns[0], columns[0], lanes);
              body.set(sum, f32x4.add(sum, f32x4.mul(element, row)));
            });
          };
          if (listed) {
            addListed(body, blocked, list, (position) => {
              body.set(x, i32.add(rowA!, i32.mul(position, 4 * contracted[0])));
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
