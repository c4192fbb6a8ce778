// A linear recurrence that also runs without a loop.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { defineAssociativeCell, linearRecurrence, sequence } from "@sluice/cells";
import { cellSuite } from "@sluice/cells/testing";
import { bias, kernel } from "@sluice/params";
import { key, mul, normal, sigmoid, split, sub, tanh, tensor, valuesOf } from "@sluice/tensor";
import { wasm } from "@sluice/wasm";

/** f-pooling (Bradbury et al. 2016, arXiv:1611.01576): `h_t = f_t h_{t-1} + (1 - f_t) z_t`. */
const pooling = defineAssociativeCell({
  name: "pooling",
  params: ({ input, hidden }) => ({ W: kernel([input, 2 * hidden]), b: bias([2 * hidden]) }),
  state: ({ hidden }) => ({ h: [hidden] }),
  recurrence: linearRecurrence("h"),
  elements({ W, b }, x, { norm, input }) {
    const [forget, candidate] = split(norm("gates", [input("gates", x, W), b]), 2);
    const f = sigmoid(forget);
    return { a: f, b: mul(sub(1, f), tanh(candidate)) };
  },
});

const backend = wasm();
after(() => backend.close());

for (const { name, skip, run } of cellSuite(pooling({ input: 2, hidden: 3 }), { backend })) test(name, { skip }, run);

test("the loop and the scan agree, whatever the lengths", () => {
  const cell = pooling({ input: 2, hidden: 3 });
  const layer = sequence(cell);
  const scanned = sequence(cell, { scan: "associative" });
  const params = layer.init(key(1), { dtype: "f64" });
  const x = normal(key(2), [2, 40, 2], { dtype: "f64" });
  const lengths = tensor([40, 7], [2], { dtype: "i32" });
  const loop = valuesOf(layer.apply(params, x, { lengths }).output);
  const scan = valuesOf(scanned.apply(params, x, { lengths }).output);
  for (let i = 0; i < loop.length; i++) assert.ok(Math.abs(scan[i]! - loop[i]!) < 1e-12);
});
