import type { CumulativeSumStep } from "@sluice/compiler";
import { sizeOf } from "@sluice/tensor";
import { f32, i32, type WasmFunction } from "../assembler/index.ts";
import type { Kernel, KernelModule } from "./kernel.ts";
import { iterationOf, nest, toFirstRow } from "./nest.ts";

interface Running {
  readonly dtype: "f32" | "i32";
  readonly shape: readonly number[];
  readonly strides: readonly (readonly number[])[];
  readonly length: number;
  /** Of x and y along the axis, in the direction of the sum. */
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
    scratchBytes: 0,
    call: ({ first, end, addresses }) => run.call(first, end, ...addresses),
  };
}

function emitRunning({ module }: KernelModule, name: string, { dtype, shape, strides, length, along }: Running): WasmFunction<"none"> {
  const iteration = iterationOf(shape, strides);
  const params = { first: "i32", end: "i32", x: "i32", y: "i32" } as const;
  return module.function(name, { params }, (body, { first, end, x, y }) => {
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
      // The first element is taken as it is: 0 + -0 would be 0.
      if (dtype === "f32") {
        const total = body.let(f32.load(at), "total");
        body.do(f32.store(out, total));
        forward();
        body.while(left, () => {
          body.set(total, f32.add(total, f32.load(at)));
          body.do(f32.store(out, total));
          forward();
        });
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
