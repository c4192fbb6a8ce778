import { optimize, planProgram } from "@sluice/compiler";
import { add, recordProgram, sum, type Tensor } from "@sluice/tensor";
import { placeholder } from "@sluice/tensor/internal";
import { wasm } from "@sluice/wasm";
import { expect, test } from "vitest";
import { passesLimit, productsLimit, workOf } from "./bound.ts";
import { entries } from "./entries.ts";
import { planOf } from "./loops.ts";

test("a GRU's products: of x and of h, forwards, and for the gradients of both factors", () => {
  const gru = entries.find(({ name }) => name === "gru");
  const [batch, time, input, hidden] = [4, 5, 16, 32] as const;
  const { flops, bytes } = workOf(planOf(gru!, [batch, time, input, hidden]));
  expect(flops).toBe(3 * 2 * batch * time * 3 * hidden * (input + hidden));
  expect(bytes).toBeGreaterThan(4 * batch * time * 3 * hidden);
});

test("what a pass reads and writes: a value that is repeated counts once, one that stays in registers not at all", () => {
  const type = (...shape: number[]): Tensor => placeholder({ shape, dtype: "f32" });
  const { program } = recordProgram((a: Tensor, b: Tensor) => sum(add(a, b), 1), [type(8, 16), type(16)]);
  expect(workOf(planProgram(optimize(program)))).toEqual({ flops: 0, bytes: 4 * (8 * 16 + 16 + 8) });
});

test("the limits do what they say", async () => {
  const backend = wasm();
  const [products, passes] = [await productsLimit(backend), await passesLimit(backend)];
  expect(products.work).toEqual({ flops: 16 * 2 * 256 * 256 * 256, bytes: 0 });
  expect(passes.work).toEqual({ flops: 0, bytes: 8 * 1024 * 1024 * (3 * 8 + 2) });
  for (const limit of [products, passes]) {
    await limit.run();
    await limit.dispose();
  }
  await backend.close();
});
