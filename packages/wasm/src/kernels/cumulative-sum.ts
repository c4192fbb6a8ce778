import type { CumulativeSumStep } from "@sluice/compiler";
import { sizeOf, SUM_BLOCK } from "@sluice/tensor/internal";
import { f32x4, i32, times, v128, type WasmFunction } from "../assembler/index.ts";
import { blocksOf, endBlock, endBlocks, placesFor, waitingAt } from "../pairwise.ts";
import type { Kernel, KernelModule } from "./kernel.ts";
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
    length: x.shape[axis]!,
    along: [sign * x.strides[axis]!, sign * y.strides[axis]!],
  };
  const run = target.shared("cumulativeSum", running, (name) => emitRunning(target, name, running));
  return {
    views: [x, y],
    count: iterationOf(running.shape, running.strides).rows,
    grain: 1,
    work: sizeOf(x.shape),
    scratchBytes: 16 * placesOf(running),
    call: ({ first, end, addresses, scratch }) => run.call(first, end, ...addresses, scratch),
  };
}

function placesOf({ dtype, length }: Running): number {
  return dtype === "f32" ? placesFor(blocksOf(length, SUM_BLOCK)) : 0;
}

function emitRunning(
  { module }: KernelModule,
  name: string,
  { dtype, shape, strides, length, along }: Running,
): WasmFunction<"none"> {
  const iteration = iterationOf(shape, strides);
  const params = { first: "i32", end: "i32", x: "i32", y: "i32", scratch: "i32" } as const;
  return module.function(name, { params }, (body, { first, end, x, y, scratch }) => {
    toFirstRow(body, iteration, first, [x, y]);
    nest(body, iteration.axes, { first, end }, [x, y], ([from, to]) => {
      const start = (stride: number): number => (stride < 0 ? -4 * (length - 1) * stride : 0);
      const at = body.let(i32.add(from!, start(along[0])), "at");
      const out = body.let(i32.add(to!, start(along[1])), "out");
      const left = body.local("i32", "left");
      body.set(left, length);
      const forward = (): void => {
        body.set(at, i32.add(at, 4 * along[0]));
        body.set(out, i32.add(out, 4 * along[1]));
        body.set(left, i32.sub(left, 1));
      };
      // The first element of a block is copied, because 0 + -0 would be 0.
      if (dtype === "f32") {
        const before = body.let(f32x4.const(0), "before");
        const total = body.let(f32x4.const(0), "total");
        const waiting = waitingAt(body, scratch, 16);
        const block = (elements: number, isFirst: boolean): void => {
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
        };
        const endBlockBefore = (): void => {
          endBlock(body, waiting, [total], i32.add(waiting.block, 1));
          body.set(before, total);
          endBlocks(
            body,
            { ...waiting, taken: body.let(i32.and(waiting.taken, i32.sub(waiting.taken, 1)), "others") },
            [before],
          );
        };
        const finished = blocksOf(length, SUM_BLOCK) - 1;
        block(Math.min(length, SUM_BLOCK), true);
        times(body, finished - 1, () => {
          endBlockBefore();
          block(SUM_BLOCK, false);
        });
        if (finished > 0) {
          endBlockBefore();
          block(length - finished * SUM_BLOCK, false);
        }
        return;
      }
      const total = body.let(i32.load(at), "total");
      body.do(i32.store(out, total));
      forward();
      body.while(left, () => {
        body.set(total, i32.add(total, i32.load(at)));
        body.do(i32.store(out, total));
        forward();
      });
    });
  });
}
