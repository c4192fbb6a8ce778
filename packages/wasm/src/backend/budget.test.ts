// A budget of memory: what is planned stays within it, and gradients are those of the whole loops.
import * as t from "@sluice/tensor";
import * as internal from "@sluice/tensor/internal";
import type { Tensor } from "@sluice/tensor";
import { randomTensor } from "@sluice/tensor/testing";
import { afterAll, expect, test, vi } from "vitest";
import { wasm } from "../index.ts";
import { closeVariants, expectSameBits, variants } from "../testing/agree.ts";

vi.setConfig({ testTimeout: 60_000 });
afterAll(closeVariants);

const [input, hidden] = [2, 64];
/** What the kernels of one thread need for themselves. */
const scratch = 0.2e6;
const weights = {
  W: t.mul(randomTensor([input, 3 * hidden], "f32", 1), 0.1),
  U: t.mul(randomTensor([hidden, 3 * hidden], "f32", 2), 0.05),
  b: t.mul(randomTensor([3 * hidden], "f32", 3), 0.1),
};

/**
 * A GRU over x [time, batch, input]; the loss is a sum over all steps that the loop carries along, so that no step's
 * output is kept.
 */
function loss({ W, U, b }: typeof weights, x: Tensor): Tensor {
  const zero: Tensor = internal.zerosArray([x.shape[1]!, hidden]);
  const { state } = t.scan(
    ({ h, total }: { h: Tensor; total: Tensor }, xt: Tensor) => {
      const [xr, xz, xn] = t.split(t.add(t.matmul(xt, W), b), 3);
      const [hr, hz, hn] = t.split(t.matmul(h, U), 3);
      const z = t.sigmoid(t.add(xz, hz));
      const n = t.tanh(t.add(xn, t.mul(t.sigmoid(t.add(xr, hr)), hn)));
      const next = t.add(t.mul(z, h), t.mul(t.sub(1, z), n));
      return { state: { h: next, total: t.add(total, t.square(next)) }, output: [] };
    },
    { h: zero, total: zero },
    x,
  );
  return t.div(t.sum(state.total), x.shape[0]!);
}

const lossAndGradient = (w: typeof weights, x: Tensor) => t.valueAndGrad(loss)(w, x);

async function run(x: Tensor, memory: number | undefined, backend: t.Backend) {
  const compiled = await t.compile(lossAndGradient, [weights, x], {
    backend,
    ...(memory === undefined ? {} : { memory }),
  });
  const result = await compiled(weights, x);
  await compiled.dispose();
  return { ...result, bytes: compiled.statistics.bytes };
}

test("10,000 steps: the gradient of everything kept", async () => {
  const backend = wasm();
  const x = randomTensor([10_000, 1, input], "f32", 4);
  const whole = await run(x, undefined, backend);
  expect(whole.bytes).toBeGreaterThan(25e6);
  for (const memory of [20e6, 5e6, 1e6]) {
    const within = await run(x, memory, backend);
    expect(within.bytes).toBeLessThanOrEqual(memory + scratch);
    expectSameBits(within.value, whole.value, "loss");
    for (const name of ["W", "U", "b"] as const) {
      const [expected, found] = [whole, within].map(({ gradient }) => [...t.valuesOf(gradient[name])]);
      const magnitude = expected!.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
      expect(magnitude).toBeGreaterThan(1e-3);
      // Sums of 10,000 terms each, in another order.
      expect(expected!.reduce((worst, v, i) => Math.max(worst, Math.abs(v - found![i]!)), 0) / magnitude).toBeLessThan(
        1e-5,
      );
    }
  }
  await backend.close();
});

test("100,000 steps of 64 units in 4 MB", async () => {
  const backend = wasm();
  const { value, gradient, bytes } = await run(randomTensor([100_000, 1, input], "f32", 5), 4e6, backend);
  expect(bytes).toBeLessThanOrEqual(4e6 + scratch);
  for (const y of [value, ...t.tensorsOf(gradient)]) expect(t.valuesOf(y).every((v) => Number.isFinite(v))).toBe(true);
  await backend.close();
});

test("the same bits for any number of threads", async () => {
  const x = randomTensor([300, 4, input], "f32", 6);
  // What is not fused takes more memory, and so is divided otherwise.
  const fused = Object.entries(variants).flatMap(([name, backend]) => (name.includes("not fused") ? [] : [backend]));
  const [first, ...others] = await Promise.all(fused.map((backend) => run(x, 1.5e6, backend)));
  for (const other of others) {
    for (const name of ["W", "U", "b"] as const) expectSameBits(other.gradient[name], first!.gradient[name], name);
  }
});

test("a budget that is too small says so, and so does one that is none", async () => {
  const x = randomTensor([10_000, 1, input], "f32", 4);
  const backend = wasm();
  const error = await run(x, 0.1e6, backend).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(t.TensorError);
  expect(String(error)).toContain("compile: 100.0 kB of memory do not suffice");
  await expect(run(x, 0, backend)).rejects.toThrow("compile: expected memory in bytes, more than 0, got 0");
  await expect(run(x, 1e6, t.reference())).rejects.toThrow(
    "compile: the reference backend does not support a memory budget; compile for wasm() from @sluice/wasm",
  );
  await backend.close();
});
