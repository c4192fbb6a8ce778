import { lstm, sequence } from "@sluice/cells";
import { compile, key, normal, tensor, valuesOf } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";
import { afterAll, expect, test } from "vitest";
import { timeScales } from "../index.ts";

const backend = wasm();
afterAll(() => backend.close());
const gate = tensor(Float64Array.of(0.5, 0.9, 0.75, 0.99, NaN, NaN), [1, 3, 2]);

test("the time in which a unit forgets, from the steps that are taken", () => {
  const leak = valuesOf(timeScales(gate, { lengths: [2] }));
  expect(leak[0]).toBeCloseTo(1 / (1 - 0.625), 12);
  expect(leak[1]).toBeCloseTo(1 / (1 - 0.945), 12);
  const decay = valuesOf(timeScales(gate, { lengths: [2], form: "decay" }));
  expect(decay[0]).toBeCloseTo(-2 / Math.log(0.5 * 0.75), 12);
  expect(decay[1]).toBeCloseTo(-2 / Math.log(0.9 * 0.99), 12);
  const mask = tensor([1, 0, 0], [1, 3], { dtype: "bool" });
  expect(valuesOf(timeScales(gate, { mask }))[0]).toBeCloseTo(2, 12);
});

test("a gate that keeps everything never forgets, and without steps there is no time", () => {
  const open = tensor([1, 1, 0, 0], [1, 2, 2]);
  expect([...valuesOf(timeScales(open, { lengths: [1] }))]).toEqual([Infinity, Infinity]);
  expect([...valuesOf(timeScales(tensor([0, 0], [1, 2, 1])))]).toEqual([1]);
  expect([...valuesOf(timeScales(tensor([0, 0], [1, 2, 1]), { form: "decay" }))]).toEqual([0]);
  expect([...valuesOf(timeScales(open, { lengths: [0] }))]).toEqual([NaN, NaN]);
});

test("of a compiled LSTM: the forgetting time of its forget bias", async () => {
  const layer = sequence(lstm({ input: 2, hidden: 3, forgetBias: 3 }));
  const params = layer.init(key(1));
  const x = normal(key(2), [2, 10, 2], { deviation: 0.01 });
  const scales = (p: typeof params, y: typeof x) => timeScales(layer.apply(p, y, { traces: true }).traces["forget"]!);
  const compiled = await compile(scales, [params, x], { backend });
  // 1 / (1 - sigmoid(3)) = 1 + e^3; the input and the state shift the gate a little.
  for (const time of valuesOf(await compiled(params, x))) expect(Math.abs(time - 21.09)).toBeLessThan(1);
  await compiled.dispose();
});

test.each<[string, () => unknown, string]>([
  ["form", () => timeScales(gate, { form: "leaky" as "leak" }), "timeScales: unknown form leaky; did you mean leak?"],
  ["no time axis", () => timeScales(tensor([1])), "timeScales: expected a trace [batch, time, ...], got [1]"],
  [
    "integers",
    () => timeScales(tensor([1], [1, 1, 1], { dtype: "i32" })),
    "timeScales: expected a float trace, got i32 [1,1,1]",
  ],
])("a clear error: %s", (_, run, message) => {
  expect(run).toThrow(message);
});
