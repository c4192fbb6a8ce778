import type { GatherStep } from "@sluice/compiler";
import { type Body, type Expression, i32, select, type WasmFunction } from "../assembler/index.ts";
import { type Kernel, type KernelModule, lengthAt, matrixStrides, strideAt } from "./kernel.ts";
import { loadLanes, storeLanes } from "./lanes.ts";
import { blocks } from "./nest.ts";

interface Rows {
  readonly rows: number;
  readonly width: number;
  readonly x: readonly [row: number, column: number];
  readonly indices: number;
  readonly y: readonly [row: number, column: number];
}

export function gatherKernel(target: KernelModule, { x, indices, y }: GatherStep): Kernel {
  const [count, width] = [lengthAt(y, 0), lengthAt(y, 1)];
  const shape: Rows = {
    rows: lengthAt(x, 0),
    width,
    x: matrixStrides(x),
    indices: strideAt(indices, 0),
    y: matrixStrides(y),
  };
  const run = target.shared("gather", shape, (name) => emitGather(target, name, shape));
  return {
    count,
    grain: 1,
    work: count * width,
    scratchBytes: 0,
    call: ({ first, end, addressOf }) => run.call(first, end, ...[x, indices, y].map(addressOf)),
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
    body.set(y, i32.add(y, i32.mul(first, 4 * outRow)));
    body.while(left, () => {
      const from = body.let(i32.add(x, i32.mul(clampedRow(body, i32.load(indices), rows), 4 * row)), "from");
      const to = body.let(y, "to");
      blocks(body, i32.const(width), { known: width, unit: 1, widths: [8, 4, 1] }, (size) => {
        for (let at = 0; at < size; at += 4) {
          const lanes = Math.min(4, size - at);
          storeLanes(
            body,
            to,
            body.let(loadLanes(from, 4 * at * column, column, lanes), "moved"),
            4 * at * outColumn,
            outColumn,
            lanes,
          );
        }
        body.set(from, i32.add(from, 4 * size * column));
        body.set(to, i32.add(to, 4 * size * outColumn));
      });
      body.set(indices, i32.add(indices, 4 * step));
      body.set(y, i32.add(y, 4 * outRow));
      body.set(left, i32.sub(left, 1));
    });
  });
}
