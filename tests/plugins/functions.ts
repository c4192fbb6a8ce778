// Functions together in one program: the same bits on the reference backend and on WebAssembly, with gradients.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  add,
  argsort,
  assertGradient,
  compile,
  convert,
  cos,
  cumulativeMax,
  cumulativeProduct,
  cumulativeSum,
  einsum,
  erf,
  expm1,
  flip,
  gelu,
  grad,
  key,
  leavesOf,
  logSumExp,
  mul,
  normal,
  pow,
  reference,
  sin,
  softplus,
  sort,
  sum,
  tensor,
  topK,
  valuesOf,
  type Tensor,
} from "@sluice/tensor";
import { wasm } from "@sluice/wasm";

type Given = { readonly x: Tensor; readonly w: Tensor };

/** x `[batch, time]`, w `[time, time]`. */
function everything({ x, w }: Given) {
  const waves = add(sin(x), mul(cos(x), expm1(mul(x, 0.1))));
  const mixed = einsum("bt,ts->bs", waves, w);
  const powers = pow(add(softplus(mixed), 0.5), 1.5);
  const { values, indices } = topK(add(gelu(mixed), erf(x)), 2);
  return {
    ordered: flip(sort(powers, -1), -1),
    order: argsort(mixed, -1, { descending: true }),
    largest: values,
    where: indices,
    record: cumulativeMax(mixed, 1),
    product: cumulativeProduct(add(powers, 0.1), 1),
    total: cumulativeSum(mixed, 1),
    evidence: logSumExp(mixed, 1),
  };
}

/** A number that depends on every result. */
function score(given: Given): Tensor {
  const { order, where, ...floats } = everything(given);
  const positions = mul(convert(order, given.x.dtype), given.x);
  return Object.values(floats).reduce((all, y) => add(all, sum(y)), sum(positions));
}

const given = (dtype: "f32" | "f64"): Given => ({
  x: normal(key(1), [3, 5], { dtype }),
  w: normal(key(2), [5, 5], { dtype }),
});
const backend = wasm();
after(() => backend.close());

test("gradients are those of differences", () => {
  assertGradient(score, given("f64"));
});

test("values and gradients have the same bits on both backends", async () => {
  const all = (of: Given) => ({ values: everything(of), gradients: grad(score)(of) });
  const example = given("f32");
  const [slow, fast] = [
    await compile(all, [example], { backend: reference() }),
    await compile(all, [example], { backend }),
  ];
  const [a, b] = [leavesOf(await slow(example)), leavesOf(await fast(example))];
  assert.equal(a.length, 10);
  a.forEach(({ path, tensor: y }, i) => {
    assert.deepEqual(valuesOf(b[i]!.tensor), valuesOf(y), path);
    assert.ok(valuesOf(y).every(Number.isFinite), path);
  });
});

test("known values", () => {
  const x = tensor([3, 1, 2], [1, 3], { dtype: "f64" });
  assert.deepEqual([...valuesOf(sort(x))], [1, 2, 3]);
  assert.deepEqual([...valuesOf(argsort(x))], [1, 2, 0]);
  assert.deepEqual([...valuesOf(topK(x, 2).values)], [3, 2]);
  assert.deepEqual([...valuesOf(cumulativeProduct(x, 1))], [3, 3, 6]);
  assert.deepEqual([...valuesOf(cumulativeMax(flip(x, 1), 1))], [2, 2, 3]);
  const near = (y: Tensor, expected: number): void => assert.ok(Math.abs(valuesOf(y)[0]! - expected) < 1e-14);
  const one = tensor([1], [1], { dtype: "f64" });
  near(sin(one), 0.8414709848078965);
  near(cos(one), 0.5403023058681398);
  near(erf(one), 0.8427007929497149);
  near(expm1(one), 1.718281828459045);
  near(pow(add(one, 1), 0.5), Math.SQRT2);
  near(gelu(one), 0.8413447460685429);
  near(logSumExp(x, 1), 3.4076059644443806);
});
