import type { ScatterAddStep } from "@sluice/compiler";
import { type Body, type Expression, f32x4, i32, i32x4, type Local, type WasmFunction } from "../assembler/index.ts";
import { clampedRow } from "./gather.ts";
import type { Kernel, KernelModule } from "./kernel.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { blocks } from "./nest.ts";

interface Updates {
  readonly dtype: "f32" | "i32";
  readonly count: number;
  readonly rows: number;
  readonly indices: number;
  readonly updates: readonly number[];
  readonly y: readonly number[];
}

/** Ranges divide the columns, so that each sum keeps the order of the indices. */
export function scatterAddKernel(target: KernelModule, { dtype, indices, updates, y }: ScatterAddStep): Kernel {
  const shape: Updates = {
    dtype: dtype === "f32" ? "f32" : "i32",
    count: updates.shape[0]!,
    rows: y.shape[0]!,
    indices: indices.strides[0]!,
    updates: updates.strides,
    y: y.strides,
  };
  const run = target.shared("scatterAdd", shape, (name) => emitScatterAdd(target, name, shape));
  return {
    views: [indices, updates, y],
    count: y.shape[1]!,
    grain: 8,
    work: (shape.count + shape.rows) * y.shape[1]!,
    scratchBytes: 0,
    call: ({ first, end, addresses }) => run.call(first, end, ...addresses),
  };
}

function emitScatterAdd({ module }: KernelModule, name: string, shape: Updates): WasmFunction<"none"> {
  const { dtype, count, rows, indices: step, updates: [from, fromColumn], y: [row, column] } = shape;
  const params = { first: "i32", end: "i32", indices: "i32", updates: "i32", y: "i32" } as const;
  const add = dtype === "f32" ? f32x4.add : i32x4.add;
  return module.function(name, { params }, (body, { first, end, indices, updates, y }) => {
    const columns = body.let(i32.sub(end, first), "columns");
    body.set(updates, i32.add(updates, i32.mul(first, 4 * fromColumn!)));
    body.set(y, i32.add(y, i32.mul(first, 4 * column!)));
    repeat(body, rows, y, row!, (start) => {
      const to = body.let(start, "to");
      across(body, columns, (lanes) => {
        storeLanes(body, to, body.let(i32x4.const(0), "zero"), 0, column!, lanes);
        body.set(to, i32.add(to, 4 * lanes * column!));
      });
    });
    repeat(body, count, updates, from!, (start) => {
      const at = body.let(start, "at");
      const to = body.let(i32.add(y, i32.mul(clampedRow(body, i32.load(indices), rows), 4 * row!)), "to");
      across(body, columns, (lanes) => {
        const sum = add(loadLanes(to, 0, column!, lanes), loadLanes(at, 0, fromColumn!, lanes));
        storeLanes(body, to, body.let(sum, "sum"), 0, column!, lanes);
        body.set(at, i32.add(at, 4 * lanes * fromColumn!));
        body.set(to, i32.add(to, 4 * lanes * column!));
      });
      body.set(indices, i32.add(indices, 4 * step));
    });
  });
}

function repeat(body: Body, count: number, pointer: Expression<"i32">, stride: number, write: (start: Local<"i32">) => void): void {
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
