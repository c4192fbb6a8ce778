import type { GatherStep } from "@sluice/compiler";
import { type Body, type Expression, i32, select, type WasmFunction } from "../assembler/index.ts";
import type { Kernel, KernelModule } from "./kernel.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { blocks } from "./nest.ts";

interface Rows {
  readonly rows: number;
  readonly width: number;
  readonly x: readonly number[];
  readonly indices: number;
  readonly y: readonly number[];
}

export function gatherKernel(target: KernelModule, { x, indices, y }: GatherStep): Kernel {
  const [count, width] = [y.shape[0]!, y.shape[1]!];
  const shape: Rows = { rows: x.shape[0]!, width, x: x.strides, indices: indices.strides[0]!, y: y.strides };
  const run = target.shared("gather", shape, (name) => emitGather(target, name, shape));
  return {
    views: [x, indices, y],
    count,
    grain: 1,
    work: count * width,
    scratchBytes: 0,
    call: ({ first, end, addresses }) => run.call(first, end, ...addresses),
  };
}

/** The row for an index. An index out of range gives the first or the last row. */
export function clampedRow(body: Body, index: Expression<"i32">, rows: number): Expression<"i32"> {
  const row = body.let(index, "row");
  body.set(row, select(row, i32.const(0), i32.gtS(row, 0)));
  body.set(row, select(row, i32.const(rows - 1), i32.ltS(row, rows - 1)));
  return row;
}

function emitGather(
  { module }: KernelModule,
  name: string,
  { rows, width, x: [row, column], indices: step, y: [outRow, outColumn] }: Rows,
): WasmFunction<"none"> {
  const params = { first: "i32", end: "i32", x: "i32", indices: "i32", y: "i32" } as const;
  return module.function(name, { params }, (body, { first, end, x, indices, y }) => {
    const left = body.let(i32.sub(end, first), "left");
    body.set(indices, i32.add(indices, i32.mul(first, 4 * step)));
    body.set(y, i32.add(y, i32.mul(first, 4 * outRow!)));
    body.while(left, () => {
      const from = body.let(i32.add(x, i32.mul(clampedRow(body, i32.load(indices), rows), 4 * row!)), "from");
      const to = body.let(y, "to");
      blocks(body, i32.const(width), { known: width, unit: 1, widths: [8, 4, 1] }, (size) => {
        for (let at = 0; at < size; at += 4) {
          const lanes = Math.min(4, size - at);
          storeLanes(
            body,
            to,
            body.let(loadLanes(from, 4 * at * column!, column!, lanes), "moved"),
            4 * at * outColumn!,
            outColumn!,
            lanes,
          );
        }
        body.set(from, i32.add(from, 4 * size * column!));
        body.set(to, i32.add(to, 4 * size * outColumn!));
      });
      body.set(indices, i32.add(indices, 4 * step));
      body.set(y, i32.add(y, 4 * outRow!));
      body.set(left, i32.sub(left, 1));
    });
  });
}
