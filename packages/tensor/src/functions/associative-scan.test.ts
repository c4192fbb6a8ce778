import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as t from "../index.ts";
import type { Tensor } from "../index.ts";

type Line = { readonly a: Tensor; readonly b: Tensor };
const line = (p: Line, q: Line): Line => ({ a: t.mul(p.a, q.a), b: t.add(t.mul(q.a, p.b), q.b) });
const draw = (seed: number, shape: readonly number[], dtype: "f32" | "f64" = "f64"): Tensor =>
  t.uniform(t.key(seed), shape, { low: -1, high: 1, dtype });

describe("associativeScan", () => {
  test("of integers is exact, for any length, axis and direction", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 33 }), fc.boolean(), fc.nat(1), (length, reverse, axis) => {
        const shape = axis === 0 ? [length, 2] : [2, length];
        const x = t.iota(shape, { axis });
        const y = t.associativeScan(t.add, x, { axis: axis - 2, reverse });
        expect(t.valuesOf(y)).toEqual(t.valuesOf(t.cumulativeSum(x, axis, { reverse })));
      }),
    );
  });

  test("does not commute what does not commute: affine maps in a plain loop, both ways", () => {
    for (const reverse of [false, true]) {
      for (let length = 1; length < 20; length++) {
        const [a, b] = [draw(length, [length]), draw(length + 50, [length])];
        const { b: found } = t.associativeScan(line, { a, b }, { reverse });
        let h = 0;
        for (let i = 0; i < length; i++) {
          const at = reverse ? length - 1 - i : i;
          h = t.valuesOf(a)[at]! * h + t.valuesOf(b)[at]!;
          expect(t.valuesOf(found)[at]).toBeCloseTo(h, 13);
        }
      }
    }
  });

  test("more elements behind change no bit of a prefix", () => {
    const [a, b] = [draw(1, [70, 3], "f32"), draw(2, [70, 3], "f32")];
    const whole = t.valuesOf(t.associativeScan(line, { a, b }).b);
    for (const length of [1, 2, 7, 31, 32, 33, 64, 69]) {
      const part = t.associativeScan(line, {
        a: t.sliceAxis(a, 0, 0, length),
        b: t.sliceAxis(b, 0, 0, length),
      });
      expect(t.valuesOf(part.b)).toEqual(whole.slice(0, 3 * length));
    }
  });

  test.each([false, true])("identities behind change no bit of a prefix or of a gradient, reverse %s", (reverse) => {
    const [a, b] = [draw(1, [70, 3], "f32"), draw(2, [70, 3], "f32")];
    const scanned = (given: Line): Tensor => t.associativeScan(line, given, { reverse }).b;
    const squares = (given: Line, length: number): Tensor => t.sum(t.square(t.sliceAxis(scanned(given), 0, 0, length)));
    for (const length of [1, 2, 7, 31, 32, 33, 64, 69]) {
      const [shown, beyond] = [(x: Tensor) => t.sliceAxis(x, 0, 0, length), [70 - length, 3]];
      const part = { a: shown(a), b: shown(b) };
      const padded = {
        a: t.concat([part.a, t.broadcastTo(t.scalar(1), beyond)], 0),
        b: t.concat([part.b, t.broadcastTo(t.scalar(0), beyond)], 0),
      };
      expect(t.valuesOf(shown(scanned(padded)))).toEqual(t.valuesOf(scanned(part)));
      const [expected, found] = [part, padded].map((given) => t.grad((x: Line) => squares(x, length))(given));
      // Nothing comes before the last a, so its gradient is a zero, whose sign may differ: adding 0 removes the sign.
      expect(t.valuesOf(t.add(shown(found!.a), 0))).toEqual(t.valuesOf(t.add(expected!.a, 0)));
      expect(t.valuesOf(shown(found!.b))).toEqual(t.valuesOf(expected!.b));
    }
  });

  test("gradients agree with differences", () => {
    for (const reverse of [false, true])
      t.assertGradient((given: Line) => t.associativeScan(line, given, { reverse }).b, {
        a: draw(3, [7, 2]),
        b: draw(4, [7, 2]),
      });
  });

  test("errors", () => {
    expect(() => t.associativeScan(line, { a: t.tensor([1, 2]), b: t.tensor([1]) })).toThrow("differ in length");
    expect(() => t.associativeScan((p: Tensor) => t.sum(p), t.tensor([1, 2]))).toThrow("combine returns f32");
  });
});

describe("cumulative functions", () => {
  test("values", () => {
    const x = t.tensor([1, 3, 2, NaN, 5]);
    expect([...t.valuesOf(t.cumulativeMax(x, 0))]).toEqual([1, 3, 3, NaN, NaN]);
    expect([...t.valuesOf(t.cumulativeMax(x, 0, { reverse: true }))]).toEqual([NaN, NaN, NaN, NaN, 5]);
    expect([...t.valuesOf(t.cumulativeProduct(t.tensor([2, 3, 0, 4]), 0))]).toEqual([2, 6, 0, 0]);
  });

  test("gradients to the second order, at zeros too", () => {
    const x = t.tensor(Float64Array.of(0.5, 0, -2, 0, 3, 1.5));
    const product = (y: Tensor): Tensor => t.sum(t.mul(t.cumulativeProduct(y, 0), t.iota([6], { dtype: "f64" })));
    t.assertGradient(product, x);
    t.assertGradient(t.grad(product), x);
    t.assertGradient((y: Tensor) => t.cumulativeMax(y, 0), draw(5, [9]));
  });
});
