import { key, mul, normal, tensor, valuesOf, type Tensor } from "@sluice/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bias, constrain, initialize, kernel, maxNorm } from "../index.ts";

/** Column by column in plain loops. */
function columns(values: ArrayLike<number>, rows: number, width: number, limit: number): number[] {
  const scale = Array.from({ length: width }, (_, j) => {
    let squares = 0;
    for (let i = 0; i < rows; i++) squares += values[i * width + j]! ** 2;
    const norm = Math.sqrt(squares);
    return norm > limit ? limit / norm : 1;
  });
  return Array.from(values, (w, k) => w * scale[k % width]!);
}

test("bounds the norm of each unit's weights, and leaves the others' bits", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (seed, rows, width) => {
      const w = normal(key(seed), [rows, width], { dtype: "f64" });
      const projected = maxNorm(1)(w);
      columns(valuesOf(w), rows, width, 1).forEach((v, k) => expect(valuesOf(projected)[k]).toBeCloseTo(v, 12));
      const again = valuesOf(maxNorm(1)(projected));
      valuesOf(projected).forEach((v, k) => expect(again[k]).toBeCloseTo(v, 14));
    }),
  );
  const small = tensor([0.1, 0.2, 0.3, -0.4], [2, 2]);
  expect(valuesOf(maxNorm()(small))).toEqual(valuesOf(small));
});

test("a bias is one vector, axes can be chosen, and zeros and large weights stay finite", () => {
  expect([...valuesOf(maxNorm(1)(tensor([3, 4])))]).toEqual([...Float32Array.of(3 * 0.2, 4 * 0.2)]);
  const rows = maxNorm(1, { axes: [1] })(tensor([3, 4, 0, 0], [2, 2], { dtype: "f64" }));
  [0.6, 0.8, 0, 0].forEach((v, k) => expect(valuesOf(rows)[k]).toBeCloseTo(v, 14));
  const large = valuesOf(maxNorm(1)(tensor([3e30, 4e30], [2, 1])));
  expect(Math.hypot(large[0]!, large[1]!)).toBeCloseTo(1, 6);
});

test("constrain projects the parameters whose spec says so", () => {
  const layer = { params: { W: kernel([2, 1], { constraint: maxNorm(1) }), b: bias([1]) } };
  const params: { W: Tensor; b: Tensor } = { W: tensor([3, 4], [2, 1]), b: tensor([7]) };
  const { W, b } = constrain(layer, params);
  expect(Math.hypot(...valuesOf(W))).toBeCloseTo(1, 6);
  expect(b).toBe(params.b);
  expect(initialize(layer.params, key(1)).W.shape).toEqual([2, 1]);
});

test("what does not fit is named", () => {
  expect(() => maxNorm(0)).toThrow("maxNorm: expected a finite limit above 0, got 0");
  expect(() => maxNorm(1, { axis: 0 } as object)).toThrow("maxNorm: unknown option axis; did you mean axes?");
  const wrong = { params: { W: kernel([2, 1], { constraint: (w) => mul(w, tensor([1, 1])) }) } };
  expect(() => constrain(wrong, { W: tensor([1, 2], [2, 1]) })).toThrow(
    "constrain: the constraint of W must return f32 [2,1], got f32 [2,2]",
  );
});
