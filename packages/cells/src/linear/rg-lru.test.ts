// rgLru against equations 1 to 4 of arXiv:2402.19427 in a plain loop, and where Lambda begins.
import { key, normal, valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import { rgLru, sequence } from "../index.ts";

const [batch, time, hidden] = [2, 5, 3];
const f64 = { dtype: "f64" } as const;
const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

test.each(["sequential", "associative"] as const)("%s, it is the paper's equations", (scan) => {
  const cell = rgLru({ input: hidden, hidden });
  const params = {
    W: normal(key(1), [hidden, 2 * hidden], f64),
    b: normal(key(2), [2 * hidden], f64),
    Lambda: normal(key(3), [hidden], f64),
  };
  const x = normal(key(4), [batch, time, hidden], f64);
  const start = normal(key(5), [batch, hidden], f64);
  const [W, b, Lambda, xs] = [params.W, params.b, params.Lambda, x].map((y) => [...valuesOf(y)]) as number[][];
  const found = valuesOf(sequence(cell, { scan }).apply(params, x, { state: { h: start } }).output);
  for (let row = 0; row < batch; row++) {
    const h = [...valuesOf(start)].slice(row * hidden, (row + 1) * hidden);
    for (let t = 0; t < time; t++) {
      const u = xs!.slice((row * time + t) * hidden, (row * time + t + 1) * hidden);
      const gate = (column: number): number =>
        sigmoid(u.reduce((total, v, k) => total + v * W![k * 2 * hidden + column]!, b![column]!));
      for (let j = 0; j < hidden; j++) {
        const a = sigmoid(Lambda![j]!) ** (8 * gate(j));
        const next = a * h[j]! + Math.sqrt(1 - a ** 2) * (gate(hidden + j) * u[j]!);
        expect(found[(row * time + t) * hidden + j]).toBeCloseTo(next, 12);
        h[j] = next;
      }
    }
  }
});

test("a^8 begins evenly between 0.9 and 0.999", () => {
  const { Lambda } = rgLru({ input: 1000, hidden: 1000 }).init(key(1), { dtype: "f64" });
  const powers = [...valuesOf(Lambda)].map((lambda) => sigmoid(lambda) ** 8).toSorted((a, b) => a - b);
  expect(powers[0]).toBeGreaterThan(0.9);
  expect(powers[0]).toBeLessThan(0.902);
  expect(powers[500]).toBeGreaterThan(0.94);
  expect(powers[500]).toBeLessThan(0.96);
  expect(powers[999]).toBeGreaterThan(0.997);
  expect(powers[999]).toBeLessThan(0.999);
});

test("an input of another width is refused", () => {
  expect(() => rgLru({ input: 2, hidden: 3 })).toThrow(
    "rgLru: the input enters the state as it is, so it must be as wide; got input 2 and hidden 3",
  );
});
