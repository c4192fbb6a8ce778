import type { CumulativeSumStep } from "@sluice/compiler";
import { sizeOf, SUM_BLOCK } from "@sluice/tensor/internal";
import { type Body, f32x4, i32, type Local, times, v128, type WasmFunction } from "../assembler/index.ts";
import { blocksOf, endBlock, endBlocks, placesFor, waitingAt } from "../pairwise.ts";
import { type Kernel, type KernelModule, lengthAt, strideAt } from "./kernel.ts";
import { iterationOf, nest, toFirstRow } from "./nest.ts";

interface Running {
  readonly dtype: "f32" | "i32";
  readonly shape: readonly number[];
  readonly strides: readonly (readonly number[])[];
  readonly length: number;
  /** Strides of x and y along the axis, in the direction of the sum. */
  readonly along: readonly [number, number];
}

export function cumulativeSumKernel(target: KernelModule, { dtype, x, y, axis, reverse }: CumulativeSumStep): Kernel {
  const sign = reverse ? -1 : 1;
  const running: Running = {
    dtype: dtype === "f32" ? "f32" : "i32",
    shape: x.shape.toSpliced(axis, 1),
    strides: [x.strides.toSpliced(axis, 1), y.strides.toSpliced(axis, 1)],
    length: lengthAt(x, axis),
    along: [sign * strideAt(x, axis), sign * strideAt(y, axis)],
  };
  const run = target.shared("cumulativeSum", running, (name) => emitRunning(target, name, running));
  return {
    count: iterationOf(running.shape, running.strides).rows,
    grain: 1,
    work: sizeOf(x.shape),
    scratchBytes: 16 * placesOf(running),
    call: ({ first, end, addressOf, scratch }) => run.call(first, end, addressOf(x), addressOf(y), scratch),
  };
}

function placesOf({ dtype, length }: Running): number {
  return dtype === "f32" ? placesFor(blocksOf(length, SUM_BLOCK)) : 0;
}

function emitRunning({ module }: KernelModule, name: string, running: Running): WasmFunction<"none"> {
  const { dtype, shape, strides } = running;
  const iteration = iterationOf(shape, strides);
  const params = { first: "i32", end: "i32", x: "i32", y: "i32", scratch: "i32" } as const;
  return module.function(name, { params }, (body, { first, end, x, y, scratch }) => {
    toFirstRow(body, iteration, first, [x, y]);
    nest(body, iteration.axes, { first, end }, [x, y], ([from, to]) => {
      const walk = walkAlong(body, running, from, to);
      if (dtype === "f32") emitFloats(body, running.length, walk, scratch);
      else emitIntegers(body, walk);
    });
  });
}

/** The element that is added next, where its sum goes, and how many are left, this one included. */
interface Walk {
  readonly at: Local<"i32">;
  readonly out: Local<"i32">;
  readonly left: Local<"i32">;
  /** Goes on to the next element. */
  forward(): void;
}

function walkAlong(body: Body, { length, along: [dx, dy] }: Running, from: Local<"i32">, to: Local<"i32">): Walk {
  const start = (stride: number): number => (stride < 0 ? -4 * (length - 1) * stride : 0);
  const at = body.let(i32.add(from, start(dx)), "at");
  const out = body.let(i32.add(to, start(dy)), "out");
  const left = body.local("i32", "left");
  body.set(left, length);
  return {
    at,
    out,
    left,
    forward() {
      body.set(at, i32.add(at, 4 * dx));
      body.set(out, i32.add(out, 4 * dy));
      body.set(left, i32.sub(left, 1));
    },
  };
}

/**
 * The sum at an element is that of its block so far, plus that of the blocks before, which are added in pairs. The
 * first element of a block is copied, because 0 + -0 would be 0.
 */
function emitFloats(body: Body, length: number, { at, out, left, forward }: Walk, scratch: Local<"i32">): void {
  const before = body.let(f32x4.const(0), "before");
  const total = body.let(f32x4.const(0), "total");
  const waiting = waitingAt(body, scratch, 16);

  function sumBlock(elements: number, isFirst: boolean): void {
    const store = (): void =>
      body.do(v128.store32Lane(out, isFirst ? total : body.let(f32x4.add(before, total), "y"), 0));
    body.set(total, v128.load32Zero(at));
    store();
    forward();
    body.set(left, elements - 1);
    body.while(left, () => {
      body.set(total, f32x4.add(total, v128.load32Zero(at)));
      store();
      forward();
    });
  }

  /** before = sum of all blocks that are done, with the total of the last one. */
  function sumBlocksBefore(): void {
    endBlock(body, waiting, [total], i32.add(waiting.block, 1));
    body.set(before, total);
    const others = body.let(i32.and(waiting.taken, i32.sub(waiting.taken, 1)), "others");
    endBlocks(body, { ...waiting, taken: others }, [before]);
  }

  const finished = blocksOf(length, SUM_BLOCK) - 1;
  sumBlock(Math.min(length, SUM_BLOCK), true);
  times(body, finished - 1, () => {
    sumBlocksBefore();
    sumBlock(SUM_BLOCK, false);
  });
  if (finished > 0) {
    sumBlocksBefore();
    sumBlock(length - finished * SUM_BLOCK, false);
  }
}

function emitIntegers(body: Body, { at, out, left, forward }: Walk): void {
  const total = body.let(i32.load(at), "total");
  body.do(i32.store(out, total));
  forward();
  body.while(left, () => {
    body.set(total, i32.add(total, i32.load(at)));
    body.do(i32.store(out, total));
    forward();
  });
}
