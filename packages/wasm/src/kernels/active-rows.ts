import type { ActiveRowsStep } from "@sluice/compiler";
import { type Body, type Expression, i32, type Local, select, type WasmFunction } from "../assembler/index.ts";
import { type Kernel, type KernelModule, lengthAt, strideAt } from "./kernel.ts";

interface Sizes {
  readonly time: number;
  readonly batch: number;
  /** Elements from one length to the next. */
  readonly stride: number;
  /** Whether pairs are also listed by row. */
  readonly rows: boolean;
}

/** Computes the tables of active rows. It has few operations, so one thread does it. */
export function activeRowsKernel(
  target: KernelModule,
  { lengths, counts, work, ends, rowsBefore, positions, byRow }: ActiveRowsStep,
): Kernel {
  const sizes: Sizes = {
    time: lengthAt(counts, 0) - 1,
    batch: lengthAt(work, 0) - 1,
    stride: strideAt(lengths, 0),
    rows: byRow !== undefined,
  };
  const run = target.shared("activeRows", sizes, (name) => emitActiveRows(target, name, sizes));
  const tables = [lengths, counts, work, ends, rowsBefore, positions];
  return {
    count: 1,
    grain: 1,
    work: sizes.time * sizes.batch,
    scratchBytes: 0,
    call: ({ addressOf }) => run.call(...tables.map(addressOf), byRow === undefined ? 0 : addressOf(byRow)),
  };
}

const TABLES = {
  lengths: "i32",
  counts: "i32",
  work: "i32",
  ends: "i32",
  rowsBefore: "i32",
  positions: "i32",
  byRow: "i32",
} as const;

/** What all parts of the kernel are written with: the addresses of the tables, and the step and row that they are at. */
interface Writing {
  readonly body: Body;
  readonly sizes: Sizes;
  readonly tables: Readonly<Record<keyof typeof TABLES, Local<"i32">>>;
  readonly t: Local<"i32">;
  readonly row: Local<"i32">;
}

function emitActiveRows({ module }: KernelModule, name: string, sizes: Sizes): WasmFunction<"none"> {
  return module.function(name, { params: TABLES }, (body, tables) => {
    const writing = { body, sizes, tables, t: body.local("i32", "t"), row: body.local("i32", "row") };
    const { workAt, longest } = writeStepsOfRows(writing);
    const steps = body.let(longest, "steps");
    const total = sumStepsOfRows(writing, workAt);
    const { first, listed } = writeCountsAndPositions(writing, steps, total);
    writeEnds(writing);
    sumCounts(writing, total);
    if (sizes.rows) writePositionsByRow(writing, { total, listed, workAt, first });
  });
}

/** The length of the sequence of a row. */
function lengthOf({ sizes, tables }: Writing, row: Local<"i32">): Expression<"i32"> {
  return i32.load(i32.add(tables.lengths, i32.mul(row, 4 * sizes.stride)));
}

/** The element of a table of i32. */
function elementOf(table: Local<"i32">, index: Local<"i32">): Expression<"i32"> {
  return i32.add(table, i32.shl(index, 2));
}

/** work[b + 1] = steps of row b, from the last row up: row b is computed until the longest sequence from b on ends. */
function writeStepsOfRows(writing: Writing): { readonly workAt: Local<"i32">; readonly longest: Local<"i32"> } {
  const { body, sizes, tables, row } = writing;
  const longest = body.local("i32", "longest");
  const length = body.local("i32", "length");
  const workAt = body.let(i32.add(tables.work, 4 * sizes.batch), "workAt");
  body.set(row, sizes.batch);
  body.repeatWhile(row, () => {
    body.set(row, i32.sub(row, 1));
    body.set(length, lengthOf(writing, row));
    body.set(length, select(i32.const(sizes.time), length, i32.gtS(length, sizes.time)));
    body.set(longest, select(length, longest, i32.gtS(length, longest)));
    body.do(i32.store(workAt, longest));
    body.set(workAt, i32.sub(workAt, 4));
  });
  return { workAt, longest };
}

/** work[b] = steps of all rows before b. `workAt` is at work[0]. */
function sumStepsOfRows({ body, sizes, row }: Writing, workAt: Local<"i32">): Local<"i32"> {
  const total = body.local("i32", "total");
  body.do(i32.store(workAt, 0));
  body.set(row, sizes.batch);
  body.repeatWhile(row, () => {
    body.set(workAt, i32.add(workAt, 4));
    body.set(total, i32.add(total, i32.load(workAt)));
    body.do(i32.store(workAt, total));
    body.set(row, i32.sub(row, 1));
  });
  return total;
}

/**
 * counts[t] = active rows at t, with the number of steps at the end; positions = the number of pairs of a step and a
 * row that is active at it, then t * batch + b of each.
 */
function writeCountsAndPositions(
  writing: Writing,
  steps: Local<"i32">,
  total: Local<"i32">,
): { readonly first: Local<"i32">; readonly listed: Local<"i32"> } {
  const { body, sizes, tables, t, row } = writing;
  const count = body.let(i32.const(sizes.batch), "count");
  const first = body.let(i32.const(0), "first");
  const listed = body.let(i32.add(tables.positions, 4), "listed");
  body.do(i32.store(tables.positions, total));
  body.while(i32.ltS(t, steps), () => {
    body.block((found) => {
      body.loop((again) => {
        body.branchIf(found, i32.gtS(lengthOf(writing, body.let(i32.sub(count, 1), "last")), t));
        body.set(count, i32.sub(count, 1));
        body.branch(again);
      });
    });
    body.do(i32.store(elementOf(tables.counts, t), count));
    body.set(row, 0);
    body.repeatWhile(i32.ltS(row, count), () => {
      body.do(i32.store(listed, i32.add(first, row)));
      body.set(listed, i32.add(listed, 4));
      body.set(row, i32.add(row, 1));
    });
    body.set(first, i32.add(first, sizes.batch));
    body.set(t, i32.add(t, 1));
  });
  body.while(i32.ltS(t, sizes.time), () => {
    body.do(i32.store(elementOf(tables.counts, t), 0));
    body.set(t, i32.add(t, 1));
  });
  body.do(i32.store(tables.counts, steps, 4 * sizes.time));
  return { first, listed };
}

/** ends[b] = steps of row b; ends[batch] = rows that are active at the first step. */
function writeEnds({ body, sizes, tables, row }: Writing): void {
  body.set(row, 0);
  body.while(i32.ltS(row, sizes.batch), () => {
    const at = body.let(i32.shl(row, 2), "at");
    const here = i32.add(tables.work, at);
    body.do(i32.store(i32.add(tables.ends, at), i32.sub(i32.load(here, 4), i32.load(here))));
    body.set(row, i32.add(row, 1));
  });
  body.do(i32.store(tables.ends, i32.load(tables.counts), 4 * sizes.batch));
}

/** rowsBefore[t] = active rows at all steps before t. */
function sumCounts({ body, sizes, tables, t }: Writing, total: Local<"i32">): void {
  body.set(total, 0);
  body.set(t, 0);
  body.do(i32.store(tables.rowsBefore, 0));
  body.while(i32.ltS(t, sizes.time), () => {
    const at = body.let(i32.shl(t, 2), "at");
    body.set(total, i32.add(total, i32.load(i32.add(tables.counts, at))));
    body.do(i32.store(i32.add(tables.rowsBefore, at), total, 4));
    body.set(t, i32.add(t, 1));
  });
}

/** byRow = the number of pairs, then b * time + t of each, row by row. */
function writePositionsByRow(
  { body, sizes, tables, row }: Writing,
  { total, listed, workAt, first }: Readonly<Record<"total" | "listed" | "workAt" | "first", Local<"i32">>>,
): void {
  body.do(i32.store(tables.byRow, total));
  body.set(listed, i32.add(tables.byRow, 4));
  body.set(workAt, tables.work);
  body.set(first, 0);
  body.set(row, sizes.batch);
  body.repeatWhile(row, () => {
    const left = body.let(i32.sub(i32.load(workAt, 4), i32.load(workAt)), "left");
    const pair = body.let(first, "pair");
    body.while(left, () => {
      body.do(i32.store(listed, pair));
      body.set(listed, i32.add(listed, 4));
      body.set(pair, i32.add(pair, 1));
      body.set(left, i32.sub(left, 1));
    });
    body.set(workAt, i32.add(workAt, 4));
    body.set(first, i32.add(first, sizes.time));
    body.set(row, i32.sub(row, 1));
  });
}
