import { type Body, type Expression, i32, type Local, select } from "../assembler/index.ts";

/** Rows `first` up to `end`, known when the program runs. */
export interface RowRange {
  readonly first: Expression<"i32">;
  readonly end: Expression<"i32">;
}

/** All rows. */
export function whole(count: number): RowRange {
  return { first: i32.const(0), end: i32.const(count) };
}

/** The range of a worker, in whole grains. */
export function rangeOf(
  body: Body,
  worker: Expression<"i32">,
  threads: number,
  count: number,
  grain: number,
): RowRange {
  const grains = Math.ceil(count / grain);
  const start = (of: Expression<"i32">): Expression<"i32"> => i32.mul(i32.divU(i32.mul(of, grains), threads), grain);
  const first = body.let(start(worker), "first");
  const end = body.let(start(i32.add(worker, 1)), "end");
  body.set(end, select(end, i32.const(count), i32.ltU(end, count)));
  return { first, end };
}

/**
 * The rows of a worker, in whole grains, so that all workers have about the same number of steps to do. `work` is the
 * address of the table of the number of steps of all rows before each row.
 */
export function shareOf(
  body: Body,
  worker: Expression<"i32">,
  threads: number,
  count: number,
  grain: number,
  work: Expression<"i32">,
): RowRange {
  const steps = body.let(work, "work");
  const total = body.let(i32.load(steps, 4 * count), "total");
  const boundary = (of: Expression<"i32">, name: string): Local<"i32"> => {
    const row = body.let(i32.const(0), name);
    const wanted = body.let(i32.mul(of, total), "wanted");
    const before = i32.mul(i32.load(i32.add(steps, i32.shl(row, 2))), threads);
    body.while(i32.ltU(before, wanted), () => {
      body.set(row, i32.add(row, grain));
      body.set(row, select(row, i32.const(count), i32.ltS(row, count)));
    });
    return row;
  };
  return { first: boundary(worker, "first"), end: boundary(i32.add(worker, 1), "end") };
}

/** Writes code for a range of rows: once, or for one block of it after the other. */
export function inBlocks(
  body: Body,
  { first, end }: RowRange,
  block: number | undefined,
  write: (of: RowRange) => void,
): void {
  if (block === undefined) return write({ first, end });
  const from = body.let(first, "from");
  const to = body.local("i32", "to");
  body.while(i32.ltU(from, end), () => {
    body.set(to, i32.add(from, block));
    body.set(to, select(end, to, i32.ltU(end, to)));
    write({ first: from, end: to });
    body.set(from, to);
  });
}

/**
 * Calls a step for the rows of a range that are active, or for those that are over. Makes no call if there are none.
 */
export function writeActiveStep(
  body: Body,
  part: "active" | "over",
  count: Expression<"i32">,
  range: RowRange,
  call: (rows: RowRange) => Expression<"none">,
): void {
  const bound = body.let(count, "bound");
  if (part === "active") body.set(bound, select(bound, range.end, i32.ltS(bound, range.end)));
  else body.set(bound, select(bound, range.first, i32.gtS(bound, range.first)));
  const rows = part === "active" ? { first: range.first, end: bound } : { first: bound, end: range.end };
  body.if(i32.ltS(rows.first, rows.end), () => body.do(call(rows)));
}
