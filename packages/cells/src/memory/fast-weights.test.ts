// fastWeights against its paper's equations in plain loops (arXiv:1610.06258, equations 1 and 2 and section 3.1).
import { valuesOf, key } from "@sluice/tensor";
import { expect, test } from "vitest";
import {
  expectPlainSequence,
  dot,
  range,
  rowOf,
  rowsOf,
  times,
  type Matrix,
  type Row,
} from "../../../../fixtures/cells/plain-sequence.ts";
import { fastWeights } from "../index.ts";

const [input, hidden] = [3, 4];

function layerNormalized(y: Row, gain: Row, offset: Row): number[] {
  const mean = y.reduce((a, b) => a + b, 0) / hidden;
  const deviation = y.map((v) => v - mean);
  const scale = Math.sqrt(dot(deviation, deviation) / hidden + 1e-5);
  return deviation.map((v, j) => (v / scale) * gain[j]! + offset[j]!);
}

test.each([
  [1, true],
  [3, true],
  [2, false],
] as const)("%i iterations, with layer normalization: %s", (iterations, normalized) => {
  const cell = fastWeights({ input, hidden, iterations, decay: 0.9, rate: 0.4, layerNormalized: normalized });
  expectPlainSequence(cell, ({ W, U, gain, offset }, x) => {
    let A: Matrix = range(hidden).map(() => range(hidden).map(() => 0));
    let h: Row = range(hidden).map(() => 0);
    return x.map((xt) => {
      const before = h;
      A = A.map((row, r) => row.map((y, s) => 0.9 * y + 0.4 * before[r]! * before[s]!));
      const [fromX, fromH] = [times(xt, rowsOf(W)), times(h, rowsOf(U))];
      const z = fromX.map((y, j) => y + fromH[j]!);
      let s = z.map((y) => Math.max(y, 0));
      for (let j = 0; j < iterations; j++) {
        const sum = A.map((row, r) => z[r]! + dot(row, s));
        const given =
          gain === undefined || offset === undefined ? sum : layerNormalized(sum, rowOf(gain), rowOf(offset));
        s = given.map((y) => Math.max(y, 0));
      }
      h = s;
      return h;
    });
  });
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
