// fastWeights against its paper's equations in plain numbers (arXiv:1610.06258, equations 1 and 2 and section 3.1).
import { valuesOf, key } from "@sluice/tensor";
import { expect, test } from "vitest";
import {
  by,
  cut,
  dot,
  expectPlainLoop,
  minus,
  plus,
  relu,
  row,
  times,
  type PlainStep,
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { fastWeights } from "../index.ts";

const [input, hidden] = [3, 4];

function layerNormalized(y: Row, gain: Row, offset: Row): Row {
  const deviation = minus(y, y.reduce((a, b) => a + b, 0) / hidden);
  const scale = Math.sqrt(dot(deviation, deviation) / hidden + 1e-5);
  return plus(by(deviation, 1 / scale, gain), offset);
}

test.each([
  [1, true],
  [3, true],
  [2, false],
] as const)("%i iterations, with layer normalization: %s", (iterations, normalized) => {
  const cell = fastWeights({ input, hidden, iterations, decay: 0.9, rate: 0.4, layerNormalized: normalized });
  const step: PlainStep = (w, { h = [], A = [] }, x) => {
    const nextA = cut(A, hidden).map((values, i) => plus(by(0.9, values), by(0.4, h[i] ?? Number.NaN, h)));
    const z = plus(times(x, w("W")), times(h, w("U")));
    let s: Row = relu(z);
    for (let j = 0; j < iterations; j++) {
      const sum = plus(z, times(s, nextA));
      s = relu(normalized ? layerNormalized(sum, row(w("gain")), row(w("offset"))) : sum);
    }
    return { state: { h: s, A: nextA.flat() }, output: s };
  };
  // Without normalization large states grow beyond all numbers within a few steps.
  expectPlainLoop(cell, step, { deviation: normalized ? 0.7 : 0.2 });
});

test("the slow recurrent weights begin as 0.05 times the identity", () => {
  const { U } = fastWeights({ input, hidden: 2 }).init(key(1));
  expect([...valuesOf(U)].map((y) => y.toFixed(6))).toEqual(["0.050000", "0.000000", "0.000000", "0.050000"]);
});

test("iterations, decay and rate out of range are errors", () => {
  expect(() => fastWeights({ input, hidden, iterations: 0 })).toThrow("iterations must be an integer >= 1, got 0");
  expect(() => fastWeights({ input, hidden, decay: 1.5 })).toThrow("decay must be from 0 to 1, got 1.5");
  expect(() => fastWeights({ input, hidden, rate: 0 })).toThrow("rate must be a finite number above 0, got 0");
});
