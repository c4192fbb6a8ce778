import type { ScatterAddStep } from "@sluice/compiler";
import {
  type Body,
  type Expression,
  f32x4,
  f64x2,
  i32,
  i32x4,
  type Local,
  memory,
  v128,
  type WasmFunction,
} from "../assembler/index.ts";
import { clampedRow } from "./gather.ts";
import { type Kernel, type KernelModule, lengthAt, matrixStrides, strideAt } from "./kernel.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { blocks } from "./nest.ts";

interface Updates {
  readonly count: number;
  readonly rows: number;
  readonly indices: number;
  readonly updates: readonly [row: number, column: number];
  readonly y: readonly [row: number, column: number];
}

/** Threads divide the columns, so each sum keeps the order of the indices. */
export function scatterAddKernel(target: KernelModule, { dtype, indices, updates, y }: ScatterAddStep): Kernel {
  const shape: Updates = {
    count: lengthAt(updates, 0),
    rows: lengthAt(y, 0),
    indices: strideAt(indices, 0),
    updates: matrixStrides(updates),
    y: matrixStrides(y),
  };
  const run =
    dtype === "f32"
      ? target.shared("scatterAdd", shape, (name) => emitScatterAdd(target, name, shape))
      : target.shared("scatterAddIntegers", shape, (name) => emitScatterAddIntegers(target, name, shape));
  return {
    count: lengthAt(y, 1),
    grain: 16,
    work: (shape.count + shape.rows) * lengthAt(y, 1),
    scratchBytes: dtype === "f32" ? bytesOf(Math.max(...widthsFor(shape.rows))) * shape.rows : 0,
    call: ({ first, end, addressOf, scratch }) =>
      run.call(first, end, ...[indices, updates, y].map(addressOf), scratch),
  };
}

/**
 * How many columns of f32 are summed together, in f64. With many rows there are fewer, so that the sums fit into the
 * megabyte that a thread may use.
 */
function widthsFor(rows: number): number[] {
  return [16, 4, 2, 1].filter((width) => width <= 2 || bytesOf(width) * rows <= 1_048_576);
}

/** Bytes of a row's sums, which are pairs of doubles. */
function bytesOf(width: number): number {
  return 16 * Math.ceil(width / 2);
}

const PARAMETERS = { first: "i32", end: "i32", indices: "i32", updates: "i32", y: "i32", scratch: "i32" } as const;

/**
 * Adds all updates for a few columns, then for the next few. So a row's sums, twice as large as its elements, are
 * contiguous in scratch memory.
 */
function emitScatterAdd({ module }: KernelModule, name: string, shape: Updates): WasmFunction<"none"> {
  const {
    count,
    rows,
    indices: step,
    updates: [from, fromColumn],
    y: [row, column],
  } = shape;
  return module.function(name, { params: PARAMETERS }, (body, { first, end, indices, updates, y, scratch }) => {
    const columns = body.let(i32.sub(end, first), "columns");
    body.set(updates, i32.add(updates, i32.mul(first, 4 * fromColumn)));
    body.set(y, i32.add(y, i32.mul(first, 4 * column)));
    blocks(body, columns, { known: undefined, unit: 1, widths: widthsFor(rows) }, (width) => {
      const pairs = Array.from({ length: Math.ceil(width / 2) }, (_, i) => ({
        at: 2 * i,
        lanes: Math.min(2, width - 2 * i),
      }));
      const bytes = bytesOf(width);
      body.do(memory.fill(scratch, 0, rows * bytes));
      const index = body.let(indices, "index");
      repeat(body, count, updates, from, (at) => {
        const sums = body.let(i32.add(scratch, i32.mul(clampedRow(body, i32.load(index), rows), bytes)), "sums");
        for (const pair of pairs) {
          const update = f64x2.promoteLowF32x4(loadLanes(at, 4 * pair.at * fromColumn, fromColumn, pair.lanes));
          body.do(v128.store(sums, f64x2.add(v128.load(sums, 8 * pair.at), update), 8 * pair.at));
        }
        body.set(index, i32.add(index, 4 * step));
      });
      const sums = body.let(scratch, "sums");
      repeat(body, rows, y, row, (to) => {
        for (const pair of pairs) {
          const rounded = body.let(f32x4.demoteF64x2Zero(v128.load(sums, 8 * pair.at)), "rounded");
          storeLanes(body, to, rounded, 4 * pair.at * column, column, pair.lanes);
        }
        body.set(sums, i32.add(sums, bytes));
      });
      body.set(updates, i32.add(updates, 4 * width * fromColumn));
      body.set(y, i32.add(y, 4 * width * column));
    });
  });
}

function emitScatterAddIntegers({ module }: KernelModule, name: string, shape: Updates): WasmFunction<"none"> {
  const {
    count,
    rows,
    indices: step,
    updates: [from, fromColumn],
    y: [row, column],
  } = shape;
  return module.function(name, { params: PARAMETERS }, (body, { first, end, indices, updates, y }) => {
    const columns = body.let(i32.sub(end, first), "columns");
    body.set(updates, i32.add(updates, i32.mul(first, 4 * fromColumn)));
    body.set(y, i32.add(y, i32.mul(first, 4 * column)));
    repeat(body, rows, y, row, (start) => {
      const to = body.let(start, "to");
      across(body, columns, (lanes) => {
        storeLanes(body, to, body.let(i32x4.const(0), "zero"), 0, column, lanes);
        body.set(to, i32.add(to, 4 * lanes * column));
      });
    });
    repeat(body, count, updates, from, (start) => {
      const at = body.let(start, "at");
      const to = body.let(i32.add(y, i32.mul(clampedRow(body, i32.load(indices), rows), 4 * row)), "to");
      across(body, columns, (lanes) => {
        const sum = i32x4.add(loadLanes(to, 0, column, lanes), loadLanes(at, 0, fromColumn, lanes));
        storeLanes(body, to, body.let(sum, "sum"), 0, column, lanes);
        body.set(at, i32.add(at, 4 * lanes * fromColumn));
        body.set(to, i32.add(to, 4 * lanes * column));
      });
      body.set(indices, i32.add(indices, 4 * step));
    });
  });
}

function repeat(
  body: Body,
  count: number,
  pointer: Expression<"i32">,
  stride: number,
  write: (start: Local<"i32">) => void,
): void {
  const at = body.let(pointer, "start");
  const left = body.local("i32", "left");
  body.set(left, count);
  body.while(left, () => {
    write(at);
    body.set(at, i32.add(at, 4 * stride));
    body.set(left, i32.sub(left, 1));
  });
}

function across(body: Body, columns: Expression<"i32">, block: (lanes: number) => void): void {
  blocks(body, columns, { known: undefined, unit: 1, widths: [4, 1] }, block);
}
