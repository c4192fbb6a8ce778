import type { ActiveRowsStep } from "@sluice/compiler";
import { i32, select, type WasmFunction } from "../assembler/index.ts";
import type { Kernel, KernelModule } from "./kernel.ts";

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
    time: counts.shape[0]! - 1,
    batch: work.shape[0]! - 1,
    stride: lengths.strides[0]!,
    rows: byRow !== undefined,
  };
  const run = target.shared("activeRows", sizes, (name) => emitActiveRows(target, name, sizes));
  return {
    views: [lengths, counts, work, ends, rowsBefore, positions, ...(byRow ? [byRow] : [])],
    count: 1,
    grain: 1,
    work: sizes.time * sizes.batch,
    scratchBytes: 0,
    call: ({ addresses: [pLengths, pCounts, pWork, pEnds, pRowsBefore, pPositions, pByRow] }) =>
      run.call(pLengths!, pCounts!, pWork!, pEnds!, pRowsBefore!, pPositions!, pByRow ?? 0),
  };
}

function emitActiveRows(
  { module }: KernelModule,
  name: string,
  { time, batch, stride, rows }: Sizes,
): WasmFunction<"none"> {
  const params = {
    lengths: "i32",
    counts: "i32",
    work: "i32",
    ends: "i32",
    rowsBefore: "i32",
    positions: "i32",
    byRow: "i32",
  } as const;
  return module.function(name, { params }, (body, { lengths, counts, work, ends, rowsBefore, positions, byRow }) => {
    const t = body.local("i32", "t");
    const row = body.local("i32", "row");
    const lengthOf = (at: typeof row) => i32.load(i32.add(lengths, i32.mul(at, 4 * stride)));

    // Row b is computed until the longest sequence from row b on ends.
    const longest = body.local("i32", "longest");
    const length = body.local("i32", "length");
    const workAt = body.let(i32.add(work, 4 * batch), "workAt");
    body.set(row, batch);
    body.repeatWhile(row, () => {
      body.set(row, i32.sub(row, 1));
      body.set(length, lengthOf(row));
      body.set(length, select(i32.const(time), length, i32.gtS(length, time)));
      body.set(longest, select(length, longest, i32.gtS(length, longest)));
      body.do(i32.store(workAt, longest));
      body.set(workAt, i32.sub(workAt, 4));
    });
    const steps = body.let(longest, "steps");
    const total = body.local("i32", "total");
    body.do(i32.store(workAt, 0));
    body.set(row, batch);
    body.repeatWhile(row, () => {
      body.set(workAt, i32.add(workAt, 4));
      body.set(total, i32.add(total, i32.load(workAt)));
      body.do(i32.store(workAt, total));
      body.set(row, i32.sub(row, 1));
    });

    const count = body.let(i32.const(batch), "count");
    const first = body.let(i32.const(0), "first");
    const listed = body.let(i32.add(positions, 4), "listed");
    body.do(i32.store(positions, total));
    body.while(i32.ltS(t, steps), () => {
      body.block((found) => {
        body.loop((again) => {
          body.branchIf(found, i32.gtS(lengthOf(body.let(i32.sub(count, 1), "last")), t));
          body.set(count, i32.sub(count, 1));
          body.branch(again);
        });
      });
      body.do(i32.store(i32.add(counts, i32.shl(t, 2)), count));
      body.set(row, 0);
      body.repeatWhile(i32.ltS(row, count), () => {
        body.do(i32.store(listed, i32.add(first, row)));
        body.set(listed, i32.add(listed, 4));
        body.set(row, i32.add(row, 1));
      });
      body.set(first, i32.add(first, batch));
      body.set(t, i32.add(t, 1));
    });
    body.while(i32.ltS(t, time), () => {
      body.do(i32.store(i32.add(counts, i32.shl(t, 2)), 0));
      body.set(t, i32.add(t, 1));
    });
    body.do(i32.store(counts, steps, 4 * time));

    body.set(row, 0);
    body.while(i32.ltS(row, batch), () => {
      const at = body.let(i32.shl(row, 2), "at");
      const here = i32.add(work, at);
      body.do(i32.store(i32.add(ends, at), i32.sub(i32.load(here, 4), i32.load(here))));
      body.set(row, i32.add(row, 1));
    });
    body.do(i32.store(ends, i32.load(counts), 4 * batch));
    body.set(total, 0);
    body.set(t, 0);
    body.do(i32.store(rowsBefore, 0));
    body.while(i32.ltS(t, time), () => {
      const at = body.let(i32.shl(t, 2), "at");
      body.set(total, i32.add(total, i32.load(i32.add(counts, at))));
      body.do(i32.store(i32.add(rowsBefore, at), total, 4));
      body.set(t, i32.add(t, 1));
    });

    if (!rows) return;
    body.do(i32.store(byRow, total));
    body.set(listed, i32.add(byRow, 4));
    body.set(workAt, work);
    body.set(first, 0);
    body.set(row, batch);
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
      body.set(first, i32.add(first, time));
      body.set(row, i32.sub(row, 1));
    });
  });
}
