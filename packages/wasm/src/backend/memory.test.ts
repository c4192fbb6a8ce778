// Memory stays flat: over many steps of one program, and over many programs. In a process of its own, where garbage is
// collected on demand.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const here = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

interface Sizes {
  heap: number;
  external: number;
  buffers: number;
  /** Of WebAssembly memory, made or grown so far. */
  pages: number;
}

function sizesAfter(code: string): Sizes[] {
  const prelude = `
    import * as t from ${JSON.stringify(import.meta.resolve("@sluice/tensor"))};
    import * as internal from ${JSON.stringify(import.meta.resolve("@sluice/tensor/internal"))};
    import { wasm } from ${here("../index.ts")};
    const { Memory } = WebAssembly;
    let pages = 0;
    WebAssembly.Memory = class extends Memory {
      constructor(options) { super(options); pages += options.initial; }
      grow(more) { pages += more; return super.grow(more); }
    };
    const sizes = () => {
      for (let i = 0; i < 3; i++) gc();
      const { heapUsed, external, arrayBuffers } = process.memoryUsage();
      return { heap: heapUsed, external, buffers: arrayBuffers, pages };
    };`;
  const flags = ["--expose-gc", "--conditions=@sluice/source", "--input-type=module", "--eval"];
  return JSON.parse(
    execFileSync(process.execPath, [...flags, prelude + code], { encoding: "utf8", timeout: 280_000 }),
  ) as Sizes[];
}

const MEGABYTE = 1e6;

test("ten thousand training steps", () => {
  const [early, late] = sizesAfter(`
    const step = ({ W, m }, x, y) => {
      const { value, gradient } = t.valueAndGrad((W) => {
        const { state } = t.scan((h, xt) => ({ state: t.tanh(t.add(t.matmul(h, W), xt)), output: h }), internal.zerosArray([4, 8]), x);
        return t.mean(t.square(t.sub(state, y)));
      })(W);
      const next = t.add(t.mul(m, 0.9), gradient);
      return { state: { W: t.sub(W, t.mul(next, 0.01)), m: next }, output: value };
    };
    const [x, y] = [t.full([5, 4, 8], 0.1), t.full([4, 8], 0.5)];
    const session = await t.compileStep(step, { W: t.full([8, 8], 0.05), m: internal.zerosArray([8, 8]) }, [x, y], { backend: wasm() });
    const run = async (steps) => { for (let i = 0; i < steps; i++) await session.run(x, y); return sizes(); };
    await run(1000);
    console.log(JSON.stringify([await run(1000), await run(10000)]));`);
  expect(late!.heap - early!.heap).toBeLessThan(0.3 * MEGABYTE);
  expect(late!.external - early!.external).toBeLessThan(0.3 * MEGABYTE);
  expect(late!.buffers - early!.buffers).toBeLessThan(0.1 * MEGABYTE);
}, 600_000);

test("two hundred programs, compiled, run and dropped", () => {
  const [early, late] = sizesAfter(`
    const backend = wasm();
    const drop = async (from, to) => {
      for (let i = from; i < to; i++) {
        const compiled = await t.compile((a) => t.tanh(t.cumulativeSum(a, 0)), [internal.zerosArray([1000 + 37 * (i % 20)])], { backend });
        const y = await compiled(t.full([1000 + 37 * (i % 20)], 1));
        if (t.valuesOf(y)[0] !== internal.tanhF32(1)) throw new Error("wrong result");
        await compiled.dispose();
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      return sizes();
    };
    console.log(JSON.stringify([await drop(0, 40), await drop(40, 240)]));`);
  expect(late!.heap - early!.heap).toBeLessThan(1.5 * MEGABYTE);
  expect(late!.external - early!.external).toBeLessThan(1 * MEGABYTE);
  expect(late!.buffers - early!.buffers).toBeLessThan(0.1 * MEGABYTE);
}, 600_000);
