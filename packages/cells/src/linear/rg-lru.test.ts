// rgLru against equations 1 to 4 of arXiv:2402.19427 in plain numbers, and where Lambda begins.
import { key, valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import { by, each, expectPlainLoop, plus, row, s, times, type Row } from "../../../../fixtures/cells/plain-loop.ts";
import { rgLru } from "../index.ts";

const hidden = 3;
const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));

test.each(["sequential", "associative"] as const)("%s, it is the paper's equations", (scan) => {
  expectPlainLoop(
    rgLru({ input: hidden, hidden }),
    (w, { h = [] }, x) => {
      const gate = (k: number): Row => s(plus(times(x, w("W", k)), row(w("b", k))));
      const a = each((base, r) => base ** (8 * r), s(row(w("Lambda"))), gate(0));
      const scale = a.map((v) => Math.sqrt(1 - v ** 2));
      const next = plus(by(a, h), by(scale, gate(1), x));
      return { state: { h: next }, output: next };
    },
    { scan },
  );
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
