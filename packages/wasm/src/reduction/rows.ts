import { f32, i32, type ModuleBuilder, v128, type WasmFunction } from "../assembler/index.ts";
import { loadColumns, storeColumns } from "../gemm/columns.ts";
import { laneResult, laneStart, laneStep, laneTail, type Reduction } from "./lanes.ts";

/**
 * Emits `(source, target, rows)`: reduces each row of `length` floats to one. `stride` is the floats from one row to the next, default `length`.
 */
export function emitReduceRows(
  module: ModuleBuilder,
  name: string,
  { reduction, length, stride = length }: { reduction: Reduction; length: number; stride?: number },
): WasmFunction<"none"> {
  return module.function(name, { params: { source: "i32", target: "i32", rows: "i32" }, export: true }, (body, { source, target, rows }) => {
    const whole = length - (length % 4);
    const tail = length % 4;
    const lanes = body.local("v128", "lanes");
    const at = body.local("i32", "at");
    const end = body.local("i32", "end");
    body.while(rows, () => {
      body.set(lanes, laneStart(reduction));
      if (whole > 0) {
        body.set(at, source);
        body.set(end, i32.add(source, 4 * whole));
        body.repeatWhile(i32.ltU(at, end), () => {
          body.set(lanes, laneStep(reduction, lanes, v128.load(at)));
          body.set(at, i32.add(at, 16));
        });
      }
      if (tail > 0) body.set(lanes, laneStep(reduction, lanes, laneTail(reduction, loadColumns(source, 4 * whole, tail), tail)));
      body.do(f32.store(target, laneResult(reduction, lanes)));
      body.set(source, i32.add(source, 4 * stride));
      body.set(target, i32.add(target, 4));
      body.set(rows, i32.sub(rows, 1));
    });
  });
}

/**
 * Emits `(source, target, rows)`: reduces the rows of a matrix of `columns` floats a row to one row, sequentially for each column, as along every axis but
 * the innermost. `start: "add"` goes on from what `target` holds; else from the reduction's start value.
 */
export function emitReduceColumns(
  module: ModuleBuilder,
  name: string,
  { reduction, columns, stride = columns, start = "fresh" }: { reduction: Reduction; columns: number; stride?: number; start?: "fresh" | "add" },
): WasmFunction<"none"> {
  return module.function(name, { params: { source: "i32", target: "i32", rows: "i32" }, export: true }, (body, { source, target, rows }) => {
    const at = body.local("i32", "at");
    const left = body.local("i32", "left");
    const vectors = Array.from({ length: 4 }, (_, v) => body.local("v128", `column${v}`));
    const column = body.local("i32", "column");

    /** All rows of up to 16 columns. */
    function group(width: number): void {
      const used = vectors.slice(0, Math.ceil(width / 4));
      const count = (v: number) => Math.min(4, width - 4 * v);
      used.forEach((vector, v) => body.set(vector, start === "add" ? loadColumns(target, 16 * v, count(v)) : laneStart(reduction)));
      body.set(at, source);
      body.set(left, rows);
      body.while(left, () => {
        used.forEach((vector, v) => body.set(vector, laneStep(reduction, vector, loadColumns(at, 16 * v, count(v)))));
        body.set(at, i32.add(at, 4 * stride));
        body.set(left, i32.sub(left, 1));
      });
      used.forEach((vector, v) => storeColumns(body, target, vector, 16 * v, count(v)));
      body.set(source, i32.add(source, 4 * width));
      body.set(target, i32.add(target, 4 * width));
    }

    const groups = Math.floor(columns / 16);
    if (groups > 0) {
      body.set(column, groups);
      body.repeatWhile(column, () => {
        group(16);
        body.set(column, i32.sub(column, 1));
      });
    }
    if (columns % 16 > 0) group(columns % 16);
  });
}
