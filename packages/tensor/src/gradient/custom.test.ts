import { describe, expect, test } from "vitest";
import * as t from "../index.ts";
import type { Tensor } from "../index.ts";

const f64 = (values: readonly number[], shape?: readonly number[]): Tensor =>
  t.tensor(Float64Array.from(values), shape ?? [values.length]);

/** sin would do as well: a function and its true derivative, written apart. */
const cube = t.customGradient(
  (x: Tensor) => t.mul(x, t.mul(x, x)),
  ({ args: [x], cotangent }) => [t.mul(cotangent, t.mul(3, t.mul(x, x)))],
);

describe("customGradient", () => {
  test("with the true rule agrees with differences, to the second order", () => {
    const x = f64([0.3, -1.2, 2, 0.7], [2, 2]);
    for (const f of [cube, (y: Tensor): Tensor => t.mul(cube(t.tanh(y)), y)]) {
      t.assertGradient(f, x);
      t.assertGradient(
        t.grad((y: Tensor) => t.sum(f(y))),
        x,
      );
    }
  });

  test("with another rule gives what the rule says, and its derivative", () => {
    const f = t.customGradient(
      (x: Tensor) => t.exp(x),
      ({ args: [x], cotangent }) => [t.mul(cotangent, t.mul(x, x))],
    );
    const x = t.scalar(3);
    const first = t.grad((y: Tensor) => f(y));
    expect(t.item(first(x))).toBe(9);
    expect(t.item(t.grad((y: Tensor) => first(y))(x))).toBe(6);
  });

  test("trees, integers and what the rule captures", () => {
    const f = (scale: Tensor) =>
      t.customGradient(
        ({ w, rows }: { w: Tensor; rows: Tensor }, b: Tensor) => ({ y: t.add(t.gather(w, rows), b), count: rows }),
        ({ args: [{ w, rows }, b], cotangent: { y } }) => [
          { w: t.mul(t.scatterAdd(rows, y, w.shape[0]!), scale), rows },
          t.mul(b, 7),
        ],
      );
    const loss = (w: Tensor, b: Tensor, scale: Tensor): Tensor => {
      const { y, count } = f(scale)({ rows: t.tensor([2, 0], [2], { dtype: "i32" }), w }, b);
      return t.add(t.sum(y), t.convert(t.sum(count), "f32"));
    };
    const w = t.tensor([1, 2, 3]);
    const b = t.tensor([1, 1]);
    const { gradient } = t.valueAndGrad((p: { w: Tensor; b: Tensor }, scale: Tensor) => loss(p.w, p.b, scale))(
      { w, b },
      t.scalar(5),
    );
    expect([...t.valuesOf(gradient.w)]).toEqual([5, 0, 5]);
    expect([...t.valuesOf(gradient.b)]).toEqual([7, 7]);
  });

  test("errors say what is wrong", () => {
    const outer = t.grad((w: Tensor) =>
      t.customGradient(
        (x: Tensor) => t.mul(x, w),
        ({ cotangent }) => [cotangent],
      )(t.scalar(1)),
    );
    expect(() => outer(t.scalar(2))).toThrow("customGradient: the function uses");
    const wrong = t.customGradient(
      (x: Tensor) => t.sum(x),
      ({ cotangent }) => [cotangent],
    );
    expect(() => wrong(t.tensor([1, 2]))).toThrow(/the rule returns f32 .*\[\] for argument 0, expected f32 \[2\]/);
  });
});

describe("users of it", () => {
  test("straightThrough: the value of f, the gradient of the identity", () => {
    const round = t.straightThrough((x) => t.floor(t.add(x, 0.5)));
    const x = t.tensor([0.2, 0.7, -1.6]);
    expect([...t.valuesOf(round(x))]).toEqual([0, 1, -2]);
    const slopes = t.grad((y: Tensor) => t.sum(t.mul(round(y), t.tensor([1, 2, 3]))))(x);
    expect([...t.valuesOf(slopes)]).toEqual([1, 2, 3]);
    expect(() => t.straightThrough((y) => t.sum(y))(x)).toThrow("it must keep shape and dtype");
  });

  test("scaleGradient and clipGradient change nothing but the gradient", () => {
    const x = t.tensor([1, -2, 3, 4], [2, 2]);
    const weights = t.tensor([3, -4, 0.3, 0.4], [2, 2]);
    const slopes = (f: (y: Tensor) => Tensor): number[] => {
      expect(t.valuesOf(f(x))).toEqual(t.valuesOf(x));
      return [...t.valuesOf(t.grad((y: Tensor) => t.sum(t.mul(f(y), weights)))(x))];
    };
    expect(slopes((y) => t.scaleGradient(y, -2))).toEqual([-6, 8, Math.fround(-0.6), Math.fround(-0.8)]);
    expect(slopes((y) => t.clipGradient(y, { max: 1 }))).toEqual([1, -1, Math.fround(0.3), Math.fround(0.4)]);
    const byNorm = slopes((y) => t.clipGradient(y, { max: 1, by: "norm" }));
    [0.6, -0.8, 0.3, 0.4].forEach((expected, i) => expect(byNorm[i]).toBeCloseTo(expected, 6));
    expect(() => t.clipGradient(x, { max: 0 })).toThrow("clipGradient: max is 0, expected a finite number above 0");
  });

  test.each(["value", "norm"] as const)(
    "clipping dL/dh_t by %s in a loop is a plain backward loop with clipping",
    (by) => {
      const [time, batch, hidden, limit] = [7, 2, 3, 0.4];
      const draw = (name: string, shape: readonly number[]): Tensor =>
        t.uniform(t.keyFor(t.key(3), name), shape, { low: -2, high: 2, dtype: "f64" });
      const [w, xs, h0] = [draw("w", [hidden]), draw("x", [time, batch, hidden]), draw("h", [batch, hidden])];
      const loss = ({ u, h }: { u: Tensor; h: Tensor }): Tensor => {
        const { state, output } = t.scan(
          (s: Tensor, x: Tensor) => {
            const next = t.tanh(t.add(t.mul(u, t.clipGradient(s, { max: limit, by })), x));
            return { state: next, output: t.mul(next, next) };
          },
          h,
          xs,
        );
        return t.add(t.sum(state), t.sum(output));
      };
      const { u: du, h: dh0 } = t.grad(loss)({ u: w, h: h0 });

      const [W, X, H] = [w, xs, h0].map((x) => [...t.valuesOf(x)]) as [number[], number[], number[]];
      const size = batch * hidden;
      const states = [H];
      for (let step = 0; step < time; step++)
        states.push(states[step]!.map((h, i) => Math.tanh(W[i % hidden]! * h + X[step * size + i]!)));
      let g = new Array<number>(size).fill(1);
      const gradient = new Array<number>(hidden).fill(0);
      for (let step = time - 1; step >= 0; step--) {
        const inner = g.map((value, i) => {
          const y = states[step + 1]![i]!;
          return (value + 2 * y) * (1 - y * y);
        });
        inner.forEach((value, i) => (gradient[i % hidden]! += value * states[step]![i]!));
        const raw = inner.map((value, i) => value * W[i % hidden]!);
        g = raw.map((value, i) => {
          const row = raw.slice(i - (i % hidden), i - (i % hidden) + hidden);
          const norm = Math.hypot(...row);
          return by === "value" ? Math.max(-limit, Math.min(limit, value)) : value * (limit / Math.max(norm, limit));
        });
      }
      t.valuesOf(du).forEach((value, i) => expect(value).toBeCloseTo(gradient[i]!, 12));
      t.valuesOf(dh0).forEach((value, i) => expect(value).toBeCloseTo(g[i]!, 12));
    },
  );
});
