// A budget of memory: what the schedule's buffers take stays within it, and gradients are those of the whole loops.
import * as t from "@sluice/tensor";
import * as internal from "@sluice/tensor/internal";
import type { Tensor } from "@sluice/tensor";
import { randomTensor } from "@sluice/tensor/testing";
import { expect, test } from "vitest";
import { gpu } from "../index.ts";

const [batch, input, hidden, time] = [2, 2, 16, 240];
const weights = {
  W: t.mul(randomTensor([input, hidden], "f32", 1), 0.3),
  U: t.mul(randomTensor([hidden, hidden], "f32", 2), 0.1),
  b: t.mul(randomTensor([hidden], "f32", 3), 0.1),
};
const x = randomTensor([time, batch, input], "f32", 4);

const lossAndGradient = (w: typeof weights, xs: Tensor) =>
  t.valueAndGrad(({ W, U, b }: typeof weights) => {
    const { state } = t.scan(
      (h: Tensor, xt: Tensor) => {
        const gate = t.sigmoid(t.add(t.matmul(xt, W), b));
        const next = t.add(t.mul(gate, h), t.mul(t.sub(1, gate), t.tanh(t.add(t.matmul(xt, W), t.matmul(h, U)))));
        return { state: next, output: [] };
      },
      internal.zerosArray([batch, hidden]),
      xs,
    );
    return t.sum(t.square(state));
  })(w);

test.each([{ mode: "cpu" }, { mode: "webasm" }, { mode: "webasm", pipelines: false }] as const)(
  "%o",
  { timeout: 600_000 },
  async (options) => {
    const backend = await gpu(options);
    const run = async (memory?: number) => {
      const compiled = await t.compile(lossAndGradient, [weights, x], {
        backend,
        ...(memory === undefined ? {} : { memory }),
      });
      const { bytes } = compiled.statistics;
      const { value, gradient } = await compiled(weights, x);
      await compiled.dispose();
      return { bytes, results: [value, ...t.tensorsOf(gradient)].map((y) => [...t.valuesOf(y)]) };
    };
    const whole = await run();
    for (const part of [0.7, 0.35]) {
      const memory = Math.floor(part * whole.bytes);
      const within = await run(memory);
      expect(within.bytes).toBeLessThanOrEqual(memory);
      within.results.forEach((values, i) => {
        const largest = Math.max(...whole.results[i]!.map(Math.abs));
        expect(largest).toBeGreaterThan(0);
        // Sums of 480 terms each, in another order.
        values.forEach((value, j) => expect(Math.abs(value - whole.results[i]![j]!) / largest).toBeLessThan(1e-5));
      });
    }
    await expect(run(2_000)).rejects.toThrow("compile: 2.0 kB of memory do not suffice");
    await backend.close();
  },
);
