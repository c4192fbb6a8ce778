// deltaNet and gatedDeltaNet against their papers' equations in plain loops (arXiv:2406.06484, arXiv:2412.06464).
import { key, valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import {
  expectPlainSequence,
  dot,
  part,
  range,
  rowOf,
  rowsOf,
  sigmoid,
  times,
  type Matrix,
  type Row,
} from "../../../../fixtures/cells/plain-sequence.ts";
import { deltaNet, gatedDeltaNet } from "../index.ts";

const [input, hidden] = [3, 4];

/** silu, divided by its length; 1e-6 is added to the square of the length. */
function unit(y: Row): number[] {
  const features = y.map((v) => v * sigmoid(v));
  return features.map((v) => v / Math.sqrt(dot(features, features) + 1e-6));
}

/** The state that the paper writes: S (alpha (I - beta k k')) + beta v k', `[value, key]`. */
const written = (S: Matrix, { k, v, alpha, beta }: { k: Row; v: Row; alpha: number; beta: number }): Matrix =>
  S.map((row, r) => {
    const kept = dot(row, k);
    return row.map((y, s) => alpha * (y - beta * kept * k[s]!) + beta * v[r]! * k[s]!);
  });

const emptied = (heads: number): Matrix[] =>
  range(heads).map(() => range(hidden / heads).map(() => range(hidden / heads).map(() => 0)));

test.each([
  [1, 1],
  [2, 1],
  [2, 2],
] as const)("deltaNet with %i heads and beta to %i is the paper's equations", (heads, betaLimit) => {
  expectPlainSequence(deltaNet({ input, hidden, heads, betaLimit }), ({ W, b, w, bw }, x) => {
    const S = emptied(heads);
    return x.map((xt) => {
      const projections = times(xt, rowsOf(W), rowOf(b));
      const write = times(xt, rowsOf(w), rowOf(bw));
      return range(heads).flatMap((head) => {
        const of = (at: number): number[] => part(part(projections, at, hidden), head, hidden / heads);
        const beta = betaLimit * sigmoid(write[head]!);
        S[head] = written(S[head]!, { k: unit(of(1)), v: of(2), alpha: 1, beta });
        return S[head].map((row) => dot(row, unit(of(0))));
      });
    });
  });
});

test.each([1, 2])("gatedDeltaNet with %i heads is the paper's equations", (heads) => {
  expectPlainSequence(gatedDeltaNet({ input, hidden, heads }), ({ W, b, w, bw, A, dt }, x) => {
    const S = emptied(heads);
    return x.map((xt) => {
      const projections = times(xt, rowsOf(W), rowOf(b));
      const gates = times(xt, rowsOf(w));
      return range(heads).flatMap((head) => {
        const of = (at: number): number[] => part(part(projections, at, hidden), head, hidden / heads);
        const step = Math.log(1 + Math.exp(gates[heads + head]! + rowOf(dt)[head]!));
        const alpha = Math.exp(-Math.exp(rowOf(A)[head]!) * step);
        const beta = sigmoid(gates[head]! + rowOf(bw)[head]!);
        S[head] = written(S[head]!, { k: unit(of(1)), v: of(2), alpha, beta });
        return S[head].map((row) => dot(row, unit(of(0))));
      });
    });
  });
});

test("gatedDeltaNet begins with rates from 1 to 16 and steps from 0.001 to 0.1", () => {
  const { A, dt } = gatedDeltaNet({ input, hidden: 64, heads: 64 }).init(key(1));
  const within = (values: readonly number[], low: number, high: number): void => {
    expect(Math.min(...values)).toBeGreaterThanOrEqual(low * 0.99999);
    expect(Math.max(...values)).toBeLessThanOrEqual(high * 1.00001);
    expect(new Set(values).size).toBe(64);
  };
  within(Array.from(valuesOf(A), Math.exp), 1, 16);
  within(
    Array.from(valuesOf(dt), (y) => Math.log1p(Math.exp(y))),
    0.001,
    0.1,
  );
});

test("betaLimit must be above 0 and at most 2, and heads must divide the hidden units", () => {
  for (const cell of [deltaNet, gatedDeltaNet]) {
    expect(() => cell({ input, hidden, betaLimit: 2.5 })).toThrow("betaLimit must be above 0 and at most 2, got 2.5");
    expect(() => cell({ input, hidden, betaLimit: 0 })).toThrow("got 0");
    expect(() => cell({ input, hidden, heads: 3 })).toThrow("got heads 3 and hidden 4");
  }
});
