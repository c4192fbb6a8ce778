// Gradient rules: a straight-through estimator, and dL/dh clipped inside any cell.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clipStateGradient, defineCell, sequence } from "@sluice/cells";
import { recurrentKernel, scaledIdentity } from "@sluice/params";
import {
  add,
  compile,
  customGradient,
  full,
  grad,
  greater,
  key,
  less,
  abs,
  matmul,
  mul,
  normal,
  select,
  sum,
  tensor,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";

/** 1 where x > 0, else -1. Backwards the gradient of hardtanh (Courbariaux et al. 2016, arXiv:1602.02830). */
const binarize = customGradient(
  (x: Tensor) => select(greater(x, 0), full(x.shape, 1, x.dtype), -1),
  ({ args: [x], cotangent }) => [select(less(abs(x), 1), cotangent, 0)],
);

test("a straight-through estimator has its own gradient, also under compile", async () => {
  const x = tensor([-2, -0.5, 0.5, 2]);
  assert.deepEqual([...valuesOf(binarize(x))], [-1, -1, 1, 1]);
  const gradient = (given: Tensor): Tensor => grad((v: Tensor) => sum(mul(binarize(v), tensor([1, 2, 3, 4]))))(given);
  assert.deepEqual([...valuesOf(gradient(x))], [0, 2, 3, 0]);
  const backend = wasm();
  const compiled = await compile(gradient, [x], { backend });
  assert.deepEqual([...valuesOf(await compiled(x))], [0, 2, 3, 0]);
  await backend.close();
});

test("a cell of one's own can use it, and trains its weights through it", () => {
  const binary = defineCell({
    name: "binary",
    params: ({ hidden }) => ({ U: recurrentKernel([hidden, hidden], { initializer: scaledIdentity(0.5) }) }),
    state: ({ hidden }) => ({ h: [hidden] }),
    step: ({ U }, { h }, x, { recurrent }) => ({ state: { h: binarize(add(x, recurrent("h", h, U))) }, output: "h" }),
  });
  const layer = sequence(binary({ input: 2, hidden: 2 }));
  const x = normal(key(1), [3, 4, 2], { deviation: 0.2 });
  const { U } = grad((p: { U: Tensor }) => sum(layer.apply(p, x).output))(layer.init(key(2)));
  assert.ok(valuesOf(U).some((value) => value !== 0));
});

test("dL/dh is clipped at every step of any cell", () => {
  // h_t = 3 h_{t-1}: without clipping the gradient grows threefold at each step.
  const growing = defineCell({
    name: "growing",
    params: ({ hidden }) => ({ U: recurrentKernel([hidden, hidden], { initializer: scaledIdentity(3) }) }),
    state: ({ hidden }) => ({ h: [hidden] }),
    step: ({ U }, { h }) => ({ state: { h: matmul(h, U) }, output: "h" }),
  });
  const cell = growing({ input: 1, hidden: 1 });
  const gradientOf = (of: typeof cell): number => {
    const layer = sequence(of, { outputs: "last" });
    const params = layer.init(key(1));
    const x = full([1, 5, 1], 0);
    const begin = (h: Tensor): Tensor => sum(layer.apply(params, x, { state: { h } }).output);
    return valuesOf(grad(begin)(full([1, 1], 1)))[0]!;
  };
  assert.equal(gradientOf(cell), 3 ** 5);
  assert.equal(gradientOf(clipStateGradient(cell, { max: 0.5 })), 1.5);
});
