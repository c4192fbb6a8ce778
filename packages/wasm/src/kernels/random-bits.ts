import type { RandomBitsStep } from "@sluice/compiler";
import { sizeOf } from "@sluice/tensor/internal";
import { type Expression, i32, i32x4, v128, type WasmFunction } from "../assembler/index.ts";
import { threefry2x32 } from "../math/index.ts";
import { type Kernel, type KernelModule, strideAt } from "./kernel.ts";

type Vector = Expression<"v128">;

interface Shape {
  /** The number of words in a row. */
  readonly perRow: number;
  /** The stride from one row to the next, if the rows are part of a larger tensor. */
  readonly stride?: number;
  readonly keyStride: number;
}

/** A word depends only on its position, so any range gives the same bits as the whole. */
export function randomBitsKernel(target: KernelModule, { key, stream, y, whole }: RandomBitsStep): Kernel {
  const rows = y.shape[0] ?? 1;
  const shape: Shape = {
    perRow: sizeOf(y.shape.slice(1)),
    keyStride: strideAt(key, 0),
    ...(whole && { stride: strideAt(y, 0) }),
  };
  const run = target.shared("randomBits", shape, (name) => emitRandomBits(target, name, shape));
  return {
    count: rows,
    grain: 1,
    work: 50 * sizeOf(y.shape),
    scratchBytes: 0,
    call: ({ first, end, addressOf }) => run.call(first, end, ...[key, stream, y, whole ?? y].map(addressOf)),
  };
}

function emitRandomBits(
  { module }: KernelModule,
  name: string,
  { perRow, stride, keyStride }: Shape,
): WasmFunction<"none"> {
  const params = { first: "i32", end: "i32", key: "i32", stream: "i32", y: "i32", whole: "i32" } as const;
  return module.function(name, { params }, (body, { first, end, key, stream, y, whole }) => {
    const keys = [
      body.let(v128.load32Splat(key), "key0"),
      body.let(v128.load32Splat(key, 4 * keyStride), "key1"),
    ] as const;
    const streams = body.let(v128.load32Splat(stream), "streams");
    const words = (counters: Vector): readonly [Vector, Vector] => {
      const [x, second] = threefry2x32(keys, [counters, streams]);
      return [x, second];
    };
    const at = body.local("i32", "at");
    const stop = body.local("i32", "stop");
    const address = body.local("i32", "address");

    /** One word: the first or the second of its block. */
    const single = (): void => {
      const [x, second] = words(i32x4.splat(i32.shrU(at, 1)));
      const odd = i32x4.ne(v128.and(i32x4.splat(at), i32x4.const(1)), 0);
      const word = body.let(v128.bitselect(second, x, odd), "word");
      body.do(v128.store32Lane(address, word, 0));
      body.set(at, i32.add(at, 1));
      body.set(address, i32.add(address, 4));
    };
    /** All words up to `stop`. */
    const run = (): void => {
      body.if(i32.and(i32.and(at, 1), i32.ltU(at, stop)), single);
      body.while(i32.leU(i32.add(at, 8), stop), () => {
        const [x, second] = words(
          body.let(i32x4.add(i32x4.splat(i32.shrU(at, 1)), i32x4.const(0, 1, 2, 3)), "counters"),
        );
        const evens = body.let(x, "evens");
        const odds = body.let(second, "odds");
        body.do(v128.store(address, v128.shuffle32(evens, odds, [0, 4, 1, 5])));
        body.do(v128.store(address, v128.shuffle32(evens, odds, [2, 6, 3, 7]), 16));
        body.set(at, i32.add(at, 8));
        body.set(address, i32.add(address, 32));
      });
      body.while(i32.ltU(at, stop), single);
    };

    if (stride === undefined) {
      body.set(at, i32.mul(first, perRow));
      body.set(stop, i32.mul(end, perRow));
      body.set(address, i32.add(y, i32.shl(at, 2)));
      run();
      return;
    }
    const row = body.let(first, "row");
    body.while(i32.ltU(row, end), () => {
      body.set(address, i32.add(y, i32.mul(row, 4 * stride)));
      body.set(at, i32.shrU(i32.sub(address, whole), 2));
      body.set(stop, i32.add(at, perRow));
      run();
      body.set(row, i32.add(row, 1));
    });
  });
}
