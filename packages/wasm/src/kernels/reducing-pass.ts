import type { ElementwiseStep, PassReductions } from "@sluice/compiler";
import { lookUp, nth, sizeOf, SUM_BLOCK, zip } from "@sluice/tensor/internal";
import { type Body, type Expression, i32, i32x4, type Local, v128, type WasmFunction } from "../assembler/index.ts";
import { addInOrder, type Blocked, waitingAt } from "../pairwise.ts";
import { isStreamed, type Kernel, type KernelModule } from "./kernel.ts";
import { storeLanes, storePlaces, takenApart } from "./lanes.ts";
import { advance, type Axis, blocks, countOf, movingAlong, nest, toFirstRow } from "./nest.ts";
import {
  computeBlock,
  computeFixed,
  passOf,
  pointAxis,
  type PassParameters,
  pointerParameters,
  storeBlock,
  type Vector,
} from "./pass.ts";
import { type Pointers, type Reducing, reducingOf, scratchBytesOf } from "./reducing.ts";
import { emitRows } from "./reducing-rows.ts";
import type { Rule } from "./reduction-rule.ts";
import { blockOf, isShort, placesIn, walk, walkedWith } from "./walk.ts";

/**
 * Reduces in the order in which a reduction reads its operand from memory: in four lanes along the innermost axis,
 * otherwise element by element; in blocks that are added in pairs.
 */
export function reducingKernel(target: KernelModule, step: ElementwiseStep, reductions: PassReductions): Kernel {
  const { pass, pointers } = passOf(step);
  const reducing = reducingOf(pass, reductions, step.inputs.some(isStreamed));
  const { iteration } = reducing;
  const run = target.shared(
    "reducingPass",
    [pass, reductions.axis, reductions.op, reductions.dtype, reducing.byRows],
    (name) => emitReducing(target, name, reducing),
  );
  return {
    count: iteration.rows,
    grain: 1,
    work: sizeOf(step.shape) * step.instructions.length,
    scratchBytes: scratchBytesOf(reducing),
    call: ({ first, end, addressOf, scratch }) => run.call(first, end, scratch, ...pointers.map(addressOf)),
  };
}

function emitReducing({ module }: KernelModule, name: string, reducing: Reducing): WasmFunction<"none"> {
  const { iteration, pass, isInnermost } = reducing;
  const params: PassParameters & { readonly scratch: "i32" } = {
    first: "i32",
    end: "i32",
    scratch: "i32",
    ...pointerParameters(pass),
  };
  return module.function(name, { params }, (body, { first, end, scratch, ...rest }) => {
    const pointers = Object.values(rest);
    toFirstRow(body, iteration, first, pointers);
    const last = iteration.axes.at(-1);
    if (isInnermost && isShort(reducing.along) && last !== undefined) {
      const axis = walkedWith(last, reducing.along);
      nest(body, iteration.axes.slice(0, -1), { first, end }, pointers, (row) =>
        emitShort(body, reducing, axis, { pointers: row, count: countOf(axis, first, end) }),
      );
      return;
    }
    if (isInnermost) {
      nest(body, iteration.axes, { first, end }, pointers, (row) => emitLanes(body, reducing, row, scratch));
      return;
    }
    const { outer, inner } = reducing.walk;
    nest(body, outer, { first, end }, pointers, (row) => {
      const axis = inner ?? pointAxis(pass);
      if (reducing.byRows) emitRows(body, reducing, axis, { pointers: row, scratch });
      else emitColumns(body, reducing, axis, { pointers: row, count: countOf(axis, first, end), scratch });
    });
  });
}

/** Along the innermost axis: one vector after the other. */
function emitLanes(body: Body, reducing: Reducing, pointers: Pointers, scratch: Local<"i32">): void {
  const { pass, results, rule, along, widths } = reducing;
  const fixed = computeFixed(body, { pass, axis: along, pointers });
  const row = { pass, axis: along, pointers: movingAlong(body, along, pointers) };
  const sums = results.map(() => body.let(rule.start, "lanes"));
  const take = (elements: number): void =>
    blocks(body, i32.const(elements), { known: elements, unit: 1, widths }, (width) => {
      const block = blockOf(width);
      const values = computeBlock(body, row, block, fixed);
      storeBlock(body, row, block, values);
      zip(results, sums).forEach(([{ value }, sum]) => {
        for (const vector of lookUp(values, value, "no value to reduce"))
          body.set(sum, rule.vector(sum, onlyLanes(vector, rule, block.lanes)));
      });
      advance(body, row.pointers, along, width);
    });
  const blocked = blockedOf(body, reducing, sums, scratch);
  addInOrder(body, { ...blocked, block: 4 * SUM_BLOCK }, along.length, take);
  zip(results, sums).forEach(([{ pointer, offset }, sum]) =>
    rule.store(body, i32.add(nth(pointers, pointer), offset), sum),
  );
}

/** A vector with the start of the reduction in the lanes from `lanes` on. */
function onlyLanes(vector: Vector, { start }: Rule, lanes: number): Vector {
  const kept = i32x4.const(-1, lanes > 1 ? -1 : 0, lanes > 2 ? -1 : 0, lanes > 3 ? -1 : 0);
  return lanes === 4 ? vector : v128.bitselect(vector, start, kept);
}

/** Along an innermost axis that is shorter than a vector: those of four neighbours, and more, together. */
function emitShort(
  body: Body,
  { pass, results, rule, widths }: Reducing,
  axis: Axis,
  { pointers, count }: { readonly pointers: Pointers; readonly count: Expression<"i32"> },
): void {
  const fixed = computeFixed(body, { pass, axis, pointers });
  const row = { pass, axis, pointers: movingAlong(body, axis, pointers) };
  const group = axis.within?.length ?? 1;
  walk(body, axis, { count, widths }, (block, width) => {
    const values = computeBlock(body, row, block, fixed);
    storeBlock(body, row, block, values);
    for (const { value, pointer, offset } of results) {
      const vectors = lookUp(values, value, "no value to reduce").map((vector) => body.let(vector, "term"));
      const [address, stride] = [nth(row.pointers, pointer), nth(axis.strides, pointer)];
      if (width === 1) {
        const [only] = vectors;
        if (only === undefined) continue;
        const lanes = body.let(rule.vector(rule.start, onlyLanes(only, rule, block.lanes)), "lanes");
        rule.store(body, i32.add(address, offset), lanes);
        continue;
      }
      for (let at = 0; at < width; at += 4) {
        const four = vectors.slice((at / 4) * group, (at / 4 + 1) * group);
        const reduced = body.let(ofLanes(rule, takenApart(body, four)), "reduced");
        storeLanes(body, address, reduced, offset + 4 * at * stride, stride, 4);
      }
    }
    advance(body, row.pointers, axis, width);
  });
}

/** What `rule.store` does with the lanes of one vector, for four at once: `lanes[i]` has the i-th lane of each. */
function ofLanes(rule: Rule, lanes: readonly Vector[]): Vector {
  const lane = (i: number): Vector => {
    const given = lanes[i];
    return given === undefined ? rule.start : rule.vector(rule.start, given);
  };
  return rule.vector(rule.vector(lane(0), lane(2)), rule.vector(lane(1), lane(3)));
}

/** Along another axis: neighbouring elements of the axis `inner` together. */
function emitColumns(
  body: Body,
  reducing: Reducing,
  inner: Axis,
  { pointers, count, scratch }: { pointers: Pointers; count: Expression<"i32">; scratch: Local<"i32"> },
): void {
  const { pass, results, rule, along, widths } = reducing;
  const column = { pass, axis: inner, pointers: movingAlong(body, inner, pointers) };
  walk(body, inner, { count, widths }, (block, width) => {
    const row = { ...column, pointers: movingAlong(body, along, column.pointers) };
    const sums = results.map(() => Array.from({ length: block.copies }, () => body.let(rule.start, "sum")));
    const left = body.local("i32", "left");
    const take = (terms: number): void => {
      body.set(left, terms);
      body.while(left, () => {
        const values = computeBlock(body, row, block, computeFixed(body, row));
        storeBlock(body, row, block, values);
        zip(results, sums).forEach(([{ value }, of]) =>
          zip(of, lookUp(values, value, "no value to reduce")).forEach(([sum, vector]) =>
            body.set(sum, rule.vector(sum, vector)),
          ),
        );
        advance(body, row.pointers, along, 1);
        body.set(left, i32.sub(left, 1));
      });
    };
    addInOrder(body, blockedOf(body, reducing, sums.flat(), scratch), along.length, take);
    zip(results, sums).forEach(([result, of]) => {
      const { pointer, offset } = result;
      of.forEach((sum, copy) =>
        storePlaces(
          body,
          nth(column.pointers, pointer),
          sum,
          offset,
          placesIn(column.axis, pointer, { copy, lanes: block.lanes }),
        ),
      );
    });
    advance(body, column.pointers, inner, width);
  });
}

function blockedOf(
  body: Body,
  { rule, places }: Reducing,
  sums: readonly Local<"v128">[],
  scratch: Local<"i32">,
): Blocked {
  const waiting = places > 0 ? waitingAt(body, scratch, 16 * sums.length) : undefined;
  return { sums, start: rule.start, block: SUM_BLOCK, waiting };
}
