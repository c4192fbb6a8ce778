import { afterAll, expect, test } from "vitest";
import { makeCase } from "./cases.ts";
import { openBench } from "./measure.ts";

const bench = openBench({
  peers: [{ name: "nobody", find: () => ({ absent: "there is none" }), has: () => true }],
  samples: 1,
  warmMilliseconds: 0,
  clock: "wall",
});
afterAll(() => bench.close());

test("who is absent is named with the reason", async () => {
  expect(await bench.contenders(1)).toEqual({
    sluice: expect.stringContaining("WebAssembly"),
    nobody: "absent: there is none",
  });
});

test.each([
  ["train", "custom-gru"],
  ["ragged", "gru"],
  ["adam", "gru"],
  ["inference", "gru"],
  ["train", "layer-norm-gru"],
] as const)(
  "%s %s runs and is timed",
  async (kind, cell) => {
    const { ms, gflops, peak, errors } = await bench.measure(makeCase(kind, cell, [3, 4, 5, 8], 1));
    expect(errors).toEqual({});
    expect(ms["sluice"]).toBeGreaterThan(0);
    expect([gflops, peak].every((x) => x > 0)).toBe(true);
  },
  60_000,
);

test("compiling is timed in a process of its own, and the products of a layer by the profile", async () => {
  const { compileMilliseconds, products, gflops } = await bench.measure(makeCase("train", "gru", [8, 10, 32, 32], 1));
  expect(compileMilliseconds).toBeGreaterThan(1);
  // They take a part of the time.
  expect(products).toBeGreaterThan(gflops);
  expect(await bench.measure(makeCase("adam", "gru", [3, 4, 5, 8], 1))).not.toHaveProperty("products");
}, 60_000);

test("a variant of the same case is timed beside it", async () => {
  const { ms } = await bench.measure(makeCase("train", "gru", [3, 4, 5, 8], 2));
  expect(Object.keys(ms).sort()).toEqual(["sluice", "sluiceOneThread"]);
}, 60_000);

test("the profile names functions", async () => {
  const { functions, peak, flops } = await bench.profile(makeCase("train", "gru", [16, 20, 32, 32], 1), 300);
  expect(Object.keys(functions).filter((name) => name.startsWith("wasm matmul")).length).toBeGreaterThan(0);
  expect(peak).toBeGreaterThan(0);
  expect(flops).toBe(3 * 2 * 16 * 20 * 3 * 32 * 64);
}, 60_000);
