// Memory stays flat over many steps of one program and over many programs. In a process of its own, where garbage is
// collected on demand.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

function heapsAfter(code: string): [early: number, late: number] {
  const prelude = `
    import * as t from ${JSON.stringify(import.meta.resolve("@sluice/tensor"))};
    import * as internal from ${JSON.stringify(import.meta.resolve("@sluice/tensor/internal"))};
    import { gpu } from ${JSON.stringify(new URL("../index.ts", import.meta.url).href)};
    const heap = () => { for (let i = 0; i < 3; i++) gc(); const { heapUsed, external } = process.memoryUsage(); return heapUsed + external; };`;
  const flags = ["--expose-gc", "--conditions=@sluice/source", "--input-type=module", "--eval"];
  return JSON.parse(
    execFileSync(process.execPath, [...flags, prelude + code], { encoding: "utf8", timeout: 280_000 }),
  ) as [number, number];
}

const MEGABYTE = 1e6;

test.each(["cpu", "webasm"])("a thousand training steps, mode %s", { timeout: 600_000 }, (mode) => {
  const [early, late] = heapsAfter(`
    const step = ({ W }, x) => {
      const { value, gradient } = t.valueAndGrad((W) => {
        const { state } = t.scan((h, xt) => ({ state: t.tanh(t.add(t.matmul(h, W), xt)), output: h }), internal.zerosArray([4, 8]), x);
        return t.mean(t.square(t.sub(state, 0.5)));
      })(W);
      return { state: { W: t.sub(W, t.mul(gradient, 0.01)) }, output: value };
    };
    const x = t.full([5, 4, 8], 0.1);
    const session = await t.compileStep(step, { W: t.full([8, 8], 0.05) }, [x], { backend: await gpu({ mode: "${mode}" }) });
    const run = async (steps) => { for (let i = 0; i < steps; i++) await session.run(x); return heap(); };
    await run(300);
    console.log(JSON.stringify([await run(200), await run(1000)]));`);
  expect(late - early).toBeLessThan(0.4 * MEGABYTE);
});

test.each(["cpu", "webasm"])("a hundred programs, compiled, run and dropped, mode %s", { timeout: 600_000 }, (mode) => {
  const [early, late] = heapsAfter(`
    const backend = await gpu({ mode: "${mode}" });
    let made = 0;
    const drop = async (count) => {
      for (let i = 0; i < count; i++) {
        const factor = ++made;
        const run = await t.compile((a) => t.tanh(t.matmul(t.mul(a, factor), a)), [t.full([8, 8], 0)], { backend });
        await run(t.full([8, 8], 0.1));
        await run.dispose();
      }
      return heap();
    };
    await drop(200);
    console.log(JSON.stringify([await drop(1), await drop(100)]));`);
  // A kernel of gpu.js that is kept takes about 0.09 MB of the heap.
  expect(late - early).toBeLessThan(1 * MEGABYTE);
});
