// Non-negative weights and unit norms, against plain loops.
import { key, normal, tensor, valuesOf } from "@sluice/tensor";
import fc from "fast-check";
import { expect, test } from "vitest";
import { nonNegative, unitNorm } from "../index.ts";

const drawn = fc.tuple(fc.nat(1000), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }));

test("nonNegative puts 0 where a weight is negative, and leaves the others' bits", () => {
  fc.assert(
    fc.property(drawn, ([seed, rows, columns]) => {
      const w = normal(key(seed), [rows, columns]);
      const projected = nonNegative()(w);
      expect([...valuesOf(projected)]).toEqual([...valuesOf(w)].map((v) => (v < 0 ? 0 : v)));
      expect(valuesOf(nonNegative()(projected))).toEqual(valuesOf(projected));
    }),
  );
  expect([...valuesOf(nonNegative()(tensor([-0, NaN, -Infinity])))]).toEqual([-0, NaN, 0]);
});

test("unitNorm gives the weights into each unit the length 1", () => {
  fc.assert(
    fc.property(drawn, ([seed, rows, columns]) => {
      const w = normal(key(seed), [rows, columns], { dtype: "f64" });
      const values = [...valuesOf(w)];
      const norms = Array.from({ length: columns }, (_, j) => {
        let squares = 0;
        for (let i = 0; i < rows; i++) squares += values[i * columns + j]! ** 2;
        return Math.sqrt(squares);
      });
      const projected = valuesOf(unitNorm()(w));
      values.forEach((v, k) => expect(projected[k]).toBeCloseTo(v / norms[k % columns]!, 12));
    }),
  );
});

test("unitNorm takes other axes, one vector, zeros, and weights whose squares overflow", () => {
  const rows = unitNorm({ axes: [1] })(tensor([3, 4, 0, 0], [2, 2], { dtype: "f64" }));
  [0.6, 0.8, 0, 0].forEach((v, k) => expect(valuesOf(rows)[k]).toBeCloseTo(v, 14));
  expect([...valuesOf(unitNorm()(tensor([0, 0])))]).toEqual([0, 0]);
  const large = valuesOf(unitNorm()(tensor([3e30, 4e30], [2, 1])));
  expect(Math.hypot(large[0]!, large[1]!)).toBeCloseTo(1, 6);
  expect(() => unitNorm({ axis: 0 } as object)).toThrow("unitNorm: unknown option axis; did you mean axes?");
});
