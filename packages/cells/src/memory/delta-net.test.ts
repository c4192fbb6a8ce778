// deltaNet and gatedDeltaNet against their papers' equations in plain numbers (arXiv:2406.06484, arXiv:2412.06464).
import { key, valuesOf } from "@sluice/tensor";
import { expect, test } from "vitest";
import {
  by,
  cut,
  dot,
  expectPlainLoop,
  minus,
  part,
  plus,
  range,
  row,
  s,
  times,
  transposed,
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { deltaNet, gatedDeltaNet } from "../index.ts";

const [input, hidden] = [3, 4];

/** silu, divided by its length; 1e-6 is added to the square of the length. */
function unit(y: Row): Row {
  const features = by(y, s(y));
  return by(features, 1 / Math.sqrt(dot(features, features) + 1e-6));
}

/** What a head reads and writes. */
interface Head {
  readonly q: Row;
  readonly k: Row;
  readonly v: Row;
  readonly alpha: number;
  readonly beta: number;
}

/**
 * The papers' step: S_t = S (alpha (I - beta k k')) + beta v k', `[value, key]`, and y_t = S_t q for each head. The
 * cells' S is `[heads, key, value]`.
 */
function headsStep(S: Row, heads: readonly Head[]) {
  const d = hidden / heads.length;
  const next = heads.map(({ k, v, alpha, beta }, head) =>
    transposed(cut(part(S, head, d * d), d)).map((values, i) =>
      plus(by(alpha, minus(values, by(beta, dot(values, k), k))), by(beta, v[i] ?? Number.NaN, k)),
    ),
  );
  const output = heads.flatMap(({ q }, head) => (next[head] ?? []).map((values) => dot(values, q)));
  return { state: { S: next.flatMap((matrix) => transposed(matrix).flat()) }, output };
}

/** Part `k` of the projections, by head. */
const byHead = (projections: Row, k: number, heads: number): readonly Row[] =>
  cut(part(projections, k, hidden), hidden / heads);

test.each([
  [1, 1],
  [2, 1],
  [2, 2],
] as const)("deltaNet with %i heads and beta to %i is the paper's equations", (heads, betaLimit) => {
  expectPlainLoop(deltaNet({ input, hidden, heads, betaLimit }), (w, { S = [] }, x) => {
    const projections = plus(times(x, w("W")), row(w("b")));
    const [q, k, v] = [0, 1, 2].map((at) => byHead(projections, at, heads));
    const beta = by(betaLimit, s(plus(times(x, w("w")), row(w("bw")))));
    return headsStep(
      S,
      beta.map((b, i) => ({ q: unit(q?.[i] ?? []), k: unit(k?.[i] ?? []), v: v?.[i] ?? [], alpha: 1, beta: b })),
    );
  });
});

test.each([1, 2])("gatedDeltaNet with %i heads is the paper's equations", (heads) => {
  expectPlainLoop(gatedDeltaNet({ input, hidden, heads }), (w, { S = [] }, x) => {
    const projections = plus(times(x, w("W")), row(w("b")));
    const [q, k, v] = [0, 1, 2].map((at) => byHead(projections, at, heads));
    const beta = s(plus(times(x, w("w", 0, heads)), row(w("bw"))));
    const step = plus(times(x, w("w", 1, heads)), row(w("dt"))).map((y) => Math.log(1 + Math.exp(y)));
    const alpha = by(row(w("A")).map(Math.exp), step).map((y) => Math.exp(-y));
    return headsStep(
      S,
      range(heads).map((i) => ({
        q: unit(q?.[i] ?? []),
        k: unit(k?.[i] ?? []),
        v: v?.[i] ?? [],
        alpha: alpha[i] ?? Number.NaN,
        beta: beta[i] ?? Number.NaN,
      })),
    );
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
