import type { ReduceStep } from "@sluice/compiler";
import { type DType } from "@sluice/tensor";
import { nth, sizeOf, SUM_BLOCK } from "@sluice/tensor/internal";
import { type Body, type Expression, i32, i32x4, type Local, v128, type WasmFunction } from "../assembler/index.ts";
import { addInOrder, addListed, blocksOf, placesFor, waitingAt } from "../pairwise.ts";
import { type Kernel, type KernelModule, lengthAt, strideAt } from "./kernel.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { type Axis, blocks, countOf, iterationOf, nest, toFirstRow } from "./nest.ts";
import { ruleOf } from "./reduction-rule.ts";

interface Reduction {
  readonly op: "sum" | "max";
  readonly dtype: DType;
  /** The shape of y. */
  readonly shape: readonly number[];
  /** The strides of x and y along the axes of y. */
  readonly strides: readonly (readonly number[])[];
  readonly length: number;
  /** The stride of x along the reduced axis. */
  readonly stride: number;
  readonly innermost: boolean;
  /** Whether the positions to reduce are listed. */
  readonly listed: boolean;
}

/** Columns that are summed together. */
const COLUMNS = 64;

/**
 * Sums in the order that is part of the definition: in four lanes along the innermost axis, otherwise element by
 * element; in blocks that are added in pairs.
 */
export function reduceKernel(target: KernelModule, { op, dtype, x, y, axis, positions }: ReduceStep): Kernel {
  const reduction: Reduction = {
    op,
    dtype,
    shape: y.shape,
    strides: [x.strides.toSpliced(axis, 1), y.strides],
    length: lengthAt(x, axis),
    stride: strideAt(x, axis),
    innermost: axis === x.shape.length - 1,
    listed: positions !== undefined,
  };
  const run = target.shared(op, reduction, (name) => emitReduction(target, name, reduction));
  return {
    count: iterationOf(reduction.shape, reduction.strides).rows,
    grain: reduction.shape.length === 1 && !reduction.innermost ? 16 : 1,
    work: sizeOf(x.shape),
    scratchBytes: placesOf(reduction) * (reduction.innermost ? 16 : 4 * COLUMNS),
    call: ({ first, end, addressOf, scratch }) =>
      run.call(first, end, addressOf(x), addressOf(y), positions ? addressOf(positions) : 0, scratch),
  };
}

/**
 * The places for block totals: 0 unless the order matters (sums in f32). A block counts vectors of four along the
 * innermost axis, otherwise elements.
 */
function placesOf({ op, dtype, length, innermost }: Reduction): number {
  return op === "sum" && dtype === "f32"
    ? placesFor(blocksOf(innermost ? Math.ceil(length / 4) : length, SUM_BLOCK))
    : 0;
}

function emitReduction({ module }: KernelModule, name: string, reduction: Reduction): WasmFunction<"none"> {
  const iteration = iterationOf(reduction.shape, reduction.strides);
  const params = { first: "i32", end: "i32", x: "i32", y: "i32", list: "i32", scratch: "i32" } as const;
  return module.function(name, { params }, (body, { first, end, x, y, list, scratch }) => {
    toFirstRow(body, iteration, first, [x, y]);
    if (reduction.innermost) {
      nest(body, iteration.axes, { first, end }, [x, y], ([row, out]) =>
        emitLanes(body, reduction, { x: row, y: out, scratch }),
      );
      return;
    }
    const inner: Axis = iteration.axes.at(-1) ?? { length: 1, split: false, perRow: 1, strides: [1, 1] };
    nest(body, iteration.axes.slice(0, -1), { first, end }, [x, y], ([row, out]) => {
      emitColumns(body, reduction, inner, countOf(inner, first, end), { x: row, y: out, list, scratch });
    });
  });
}

interface Pointers {
  readonly x: Local<"i32">;
  readonly y: Local<"i32">;
  readonly scratch: Local<"i32">;
}

function emitLanes(body: Body, reduction: Reduction, { x, y, scratch }: Pointers): void {
  const { op, dtype, length, stride } = reduction;
  const rule = ruleOf(op, dtype);
  const at = body.let(x, "at");
  const lanes = body.let(rule.start, "lanes");
  const take = (elements: number): void => {
    blocks(body, i32.const(elements), { known: elements, unit: 1, widths: [16, 4, 1] }, (width) => {
      for (let start = 0; start < width; start += 4) {
        const count = Math.min(4, width - start);
        const loaded = loadLanes(at, 4 * start * stride, stride, count);
        const kept = i32x4.const(-1, count > 1 ? -1 : 0, count > 2 ? -1 : 0, count > 3 ? -1 : 0);
        body.set(lanes, rule.vector(lanes, count === 4 ? loaded : v128.bitselect(loaded, rule.start, kept)));
      }
      body.set(at, i32.add(at, 4 * width * stride));
    });
  };
  const waiting = placesOf(reduction) > 0 ? waitingAt(body, scratch, 16) : undefined;
  addInOrder(body, { sums: [lanes], start: rule.start, block: 4 * SUM_BLOCK, waiting }, length, take);
  rule.store(body, y, lanes);
}

function emitColumns(
  body: Body,
  reduction: Reduction,
  axis: Axis,
  count: Expression<"i32">,
  pointers: Pointers & { readonly list: Local<"i32"> },
): void {
  const { op, dtype, length, stride, listed } = reduction;
  const { list, scratch } = pointers;
  const rule = ruleOf(op, dtype);
  const across = nth(axis.strides, 0);
  const outStride = nth(axis.strides, 1);
  const x = body.let(pointers.x, "x");
  const y = body.let(pointers.y, "y");
  const at = body.local("i32", "at");
  const left = body.local("i32", "steps");
  blocks(
    body,
    count,
    { known: axis.split ? undefined : axis.length, unit: axis.perRow, widths: [COLUMNS, 16, 4, 1] },
    (width) => {
      const lanes = Math.min(4, width);
      const sums = Array.from({ length: Math.ceil(width / 4) }, (_, v) => body.let(rule.start, `sum${v}`));
      const take = (): void =>
        sums.forEach((sum, v) => body.set(sum, rule.vector(sum, loadLanes(at, 16 * v * across, across, lanes))));
      const waiting = placesOf(reduction) > 0 ? waitingAt(body, scratch, 16 * sums.length) : undefined;
      const blocked = { sums, start: rule.start, block: SUM_BLOCK, waiting };
      body.set(at, x);
      if (listed) {
        addListed(body, blocked, list, (position) => {
          body.set(at, i32.add(x, i32.mul(position, 4 * stride)));
          take();
        });
      } else {
        addInOrder(body, blocked, length, (terms) => {
          body.set(left, terms);
          body.while(left, () => {
            take();
            body.set(at, i32.add(at, 4 * stride));
            body.set(left, i32.sub(left, 1));
          });
        });
      }
      sums.forEach((sum, v) => storeLanes(body, y, sum, 16 * v * outStride, outStride, lanes));
      body.set(x, i32.add(x, 4 * width * across));
      body.set(y, i32.add(y, 4 * width * outStride));
    },
  );
}
