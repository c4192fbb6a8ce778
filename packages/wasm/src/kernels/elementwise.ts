import type { ElementwiseStep } from "@sluice/compiler";
import { sizeOf } from "@sluice/tensor/internal";
import type { Body, Expression, WasmFunction } from "../assembler/index.ts";
import type { Kernel, KernelModule } from "./kernel.ts";
import { advance, countOf, iterationOf, movingAlong, nest, toFirstRow } from "./nest.ts";
import {
  computeBlock,
  computeFixed,
  type Pass,
  passOf,
  pointAxis,
  type PassParameters,
  pointerParameters,
  type Row,
  storeBlock,
  widthsFor,
} from "./pass.ts";
import { reducingKernel } from "./reducing-pass.ts";
import { walk, walkOf } from "./walk.ts";

/** A pass over all elements. */
export function elementwiseKernel(target: KernelModule, step: ElementwiseStep): Kernel {
  if (step.reductions !== undefined) return reducingKernel(target, step, step.reductions);
  const { pass, pointers } = passOf(step);
  const run = target.shared("pass", pass, (name) => emitPass(target, name, pass));
  return {
    count: iterationOf(pass.shape, pass.strides).rows,
    grain: 1,
    work: sizeOf(step.shape) * step.instructions.length,
    scratchBytes: 0,
    call: ({ first, end, addressOf }) => run.call(first, end, ...pointers.map(addressOf)),
  };
}

function emitPass({ module }: KernelModule, name: string, pass: Pass): WasmFunction<"none"> {
  const iteration = iterationOf(pass.shape, pass.strides);
  const { outer, inner } = walkOf(iteration.axes, pass);
  const params: PassParameters = { first: "i32", end: "i32", ...pointerParameters(pass) };
  return module.function(name, { params }, (body, { first, end, ...rest }) => {
    const pointers = Object.values(rest);
    toFirstRow(body, iteration, first, pointers);
    nest(body, outer, { first, end }, pointers, (row) => {
      const axis = inner ?? pointAxis(pass);
      emitRow(body, { pass, axis, pointers: row }, countOf(axis, first, end));
    });
  });
}

/** Computes all elements along one axis. */
function emitRow(body: Body, start: Row, count: Expression<"i32">): void {
  const { pass, axis } = start;
  const fixed = computeFixed(body, start);
  const row = { ...start, pointers: movingAlong(body, axis, start.pointers) };
  walk(body, axis, { count, widths: widthsFor(pass, 8) }, (block, width) => {
    const values = computeBlock(body, row, block, fixed);
    storeBlock(body, row, block, values);
    advance(body, row.pointers, axis, width);
  });
}
