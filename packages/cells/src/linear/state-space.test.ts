// s4d and s5 against the convolutions that they are, selectiveStateSpace against a plain loop, and initial values.
import { key, keyFor, normal, valuesOf, type Tensor } from "@sluice/tensor";
import { lecunNormal } from "@sluice/params";
import { describe, expect, test } from "vitest";
import { by, cut, dot, expectPlainLoop, plus, row, times } from "../../../../fixtures/cells/plain-loop.ts";
import { lru, s4d, s5, selectiveStateSpace, sequence, type Discretization } from "../index.ts";
import { hippoNormal } from "./hippo.ts";

const [batch, time, width] = [2, 6, 4];
const f64 = { dtype: "f64" } as const;
const x = normal(key(9), [batch, time, width], f64);
const numbers = (y: Tensor): number[] => [...valuesOf(y)];
const at = (t: number, row: number, j: number): number => numbers(x)[(row * time + t) * width + j]!;

/** Of order 8: numpy 2.4.6, eigvalsh(-i (A + 1/2)). */
const HIPPO_FREQUENCIES = [0.4274887122858604, 1.9577941509028058, 5.354208515030871, 19.85741037097057];

type C = readonly [re: number, im: number];
const sum = (a: C, b: C): C => [a[0] + b[0], a[1] + b[1]];
const product = (a: C, b: C): C => [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];
const quotient = (a: C, b: C): C => {
  const [re, im] = product(a, [b[0], -b[1]]);
  return [re / (b[0] ** 2 + b[1] ** 2), im / (b[0] ** 2 + b[1] ** 2)];
};
const exponential = ([re, im]: C): C => [Math.exp(re) * Math.cos(im), Math.exp(re) * Math.sin(im)];

/** The step of h' = A h + B u: `[a, gain]` of h_t = a h_{t-1} + gain B u_t. */
function discretized(A: C, delta: number, method: Discretization): readonly [C, C] {
  const step = product(A, [delta, 0]);
  if (method === "zoh") return [exponential(step), quotient(sum(exponential(step), [-1, 0]), A)];
  const below: C = [1 - step[0] / 2, -step[1] / 2];
  return [quotient([1 + step[0] / 2, step[1] / 2], below), quotient([delta, 0], below)];
}

/** The sum over s of 2 Re(C a^s gain B) u_{t-s}. */
function convolved(a: C, gain: C, b: C, c: C, u: (t: number) => number, t: number): number {
  let [power, total]: [C, number] = [product(c, product(gain, b)), 0];
  for (let s = 0; s <= t; s++) {
    total += 2 * power[0] * u(t - s);
    power = product(power, a);
  }
  return total;
}

describe.each(["zoh", "bilinear"] as const)("discretized by %s", (discretization) => {
  test("s4d is its convolution", () => {
    const order = 6;
    const layer = sequence(s4d({ input: width, hidden: width, order, discretization, deltaMax: 1 }));
    const drawn = layer.init(key(1), f64);
    const [re, im] = [normal(key(2), [width, order / 2], f64), normal(key(3), [width, order / 2], f64)];
    const params = { ...drawn, logA: re, B: { re, im } };
    const found = numbers(layer.apply(params, x).output);
    const of = (y: Tensor, j: number, n: number): number => numbers(y)[(j * order) / 2 + n]!;
    for (let j = 0; j < width; j++) {
      const delta = Math.exp(numbers(params.logDelta)[j]!);
      for (let row = 0; row < batch; row++) {
        for (let t = 0; t < time; t++) {
          let y = numbers(params.D)[j]! * at(t, row, j);
          for (let n = 0; n < order / 2; n++) {
            const A: C = [-Math.exp(of(params.logA, j, n)), of(params.imA, j, n)];
            const [b, c]: [C, C] = [
              [of(params.B.re, j, n), of(params.B.im, j, n)],
              [of(params.C.re, j, n), of(params.C.im, j, n)],
            ];
            y += convolved(...discretized(A, delta, discretization), b, c, (s) => at(s, row, j), t);
          }
          expect(found[(row * time + t) * width + j]).toBeCloseTo(y, 11);
        }
      }
    }
  });

  test("s5 is its convolution", () => {
    const hidden = 6;
    const kept = hidden / 2;
    const layer = sequence(s5({ input: width, hidden, discretization, deltaMax: 1 }));
    const params = layer.init(key(1), f64);
    const [B, C, re, im, logDelta] = [params.B, params.C, params.Lambda.re, params.Lambda.im, params.logDelta].map(
      numbers,
    ) as [number[], number[], number[], number[], number[]];
    const found = numbers(layer.apply(params, x).output);
    for (let row = 0; row < batch; row++) {
      for (let t = 0; t < time; t++) {
        for (let o = 0; o < width; o++) {
          let y = numbers(params.D)[o]! * at(t, row, o);
          for (let n = 0; n < kept; n++) {
            const steps = discretized([re[n]!, im[n]!], Math.exp(logDelta[n]!), discretization);
            const c: C = [C[n * width + o]!, C[(kept + n) * width + o]!];
            for (let i = 0; i < width; i++) {
              const b: C = [B[i * hidden + n]!, B[i * hidden + kept + n]!];
              y += convolved(...steps, b, c, (s) => at(s, row, i), t);
            }
          }
          expect(found[(row * time + t) * width + o]).toBeCloseTo(y, 11);
        }
      }
    }
  });
});

test("selectiveStateSpace is algorithm 2 of arXiv:2312.00752", () => {
  const [order, rank] = [3, 2];
  const cell = selectiveStateSpace({ input: width, hidden: width, order, rank });
  expectPlainLoop(cell, (w, { h = [] }, x) => {
    const xW = times(x, w("W"));
    const [low, B, C] = [xW.slice(0, rank), xW.slice(rank, rank + order), xW.slice(rank + order)];
    const delta = plus(times(low, w("V")), row(w("b"))).map((v) => Math.log(1 + Math.exp(v)));
    // One row of states for each number of x.
    const next = cut(h, order).map((states, j) => {
      const [step = NaN, value = NaN] = [delta[j], x[j]];
      const decay = (w("logA")[j] ?? []).map((logA) => Math.exp(-step * Math.exp(logA)));
      return plus(by(decay, states), by(step, value, B));
    });
    const y = next.map((states) => dot(C, states));
    return { state: { h: next.flat() }, output: plus(y, by(row(w("D")), x)) };
  });
});

describe("initial values", () => {
  test("of lru lie on the ring, with angles up to maxPhase and a gamma that keeps the state's size", () => {
    const hidden = 400;
    const { Lambda } = lru({ input: 1, hidden, rMin: 0.1, rMax: 0.9, maxPhase: 0.5 }).init(key(1), f64);
    const values = numbers(Lambda);
    const radii = values.slice(0, hidden).map((nu) => Math.exp(-Math.exp(nu)));
    const angles = values.slice(hidden, 2 * hidden).map(Math.exp);
    radii.forEach((r, n) => {
      expect(r).toBeGreaterThanOrEqual(0.1);
      expect(r).toBeLessThan(0.9);
      expect(Math.exp(values[2 * hidden + n]!)).toBeCloseTo(Math.sqrt(1 - r * r), 12);
    });
    // By area, half of the numbers are within this radius; were radii uniform, 67% would be.
    const inside = radii.filter((r) => r < Math.sqrt((0.01 + 0.81) / 2)).length / hidden;
    expect(Math.abs(inside - 0.5)).toBeLessThan(0.05);
    expect(Math.max(...angles)).toBeLessThan(0.5);
    expect(Math.max(...angles)).toBeGreaterThan(0.49);
  });

  test("of s4d are those of the paper's section 4", () => {
    const sizes = { input: 2, hidden: 2, order: 8 };
    const lin = s4d(sizes).init(key(1), f64);
    const inv = s4d({ ...sizes, initialization: "inv" }).init(key(1), f64);
    numbers(lin.logA).forEach((a) => expect(-Math.exp(a)).toBeCloseTo(-0.5, 14));
    expect(numbers(lin.imA)).toEqual([0, 1, 2, 3, 0, 1, 2, 3].map((n) => Math.PI * n));
    [17.82535362629228, 4.244131815783875, 1.5278874536821956, 0.3637827270671892].forEach((frequency, n) =>
      expect(numbers(inv.imA)[4 + n]).toBeCloseTo(frequency, 12),
    );
  });

  test.each([1, 2])("of s5 are made of eigenvectors of HiPPO's normal part, %i blocks", (blocks) => {
    const [input, size] = [3, 8];
    const hidden = blocks * size;
    const { Lambda, B, C } = s5({ input, hidden, blocks }).init(key(1), f64);
    const { V } = hippoNormal(size);
    const v = (p: number, n: number): C => [V.re[p * size + n]!, V.im[p * size + n]!];
    const real = numbers(lecunNormal(keyFor(key(1), "B"), [input, hidden], {}));
    const [re, im] = ["re", "im"].map((part) =>
      numbers(lecunNormal(keyFor(keyFor(key(1), "C"), part), [hidden, input], {})),
    );
    for (let block = 0; block < blocks; block++) {
      const [state, row] = [(block * size) / 2, block * size];
      HIPPO_FREQUENCIES.forEach((frequency, n) => expect(numbers(Lambda.im)[state + n]).toBeCloseTo(frequency, 12));
      for (let i = 0; i < input; i++) {
        // V B, with the other half of the conjugate pairs, is the real B' that was drawn.
        for (let p = 0; p < size; p++) {
          let b = 0;
          for (let n = 0; n < size / 2; n++) {
            const at = i * hidden + state + n;
            b += 2 * product(v(p, n), [numbers(B)[at]!, numbers(B)[at + hidden / 2]!])[0];
          }
          expect(b).toBeCloseTo(real[i * hidden + row + p]!, 12);
        }
        // C is C' V.
        for (let n = 0; n < size / 2; n++) {
          let c: C = [0, 0];
          for (let p = 0; p < size; p++) {
            const at = (row + p) * input + i;
            c = sum(c, product([re![at]!, im![at]!], v(p, n)));
          }
          const at = (state + n) * input + i;
          expect(numbers(C)[at]).toBeCloseTo(c[0], 12);
          expect(numbers(C)[at + (hidden / 2) * input]).toBeCloseTo(c[1], 12);
        }
      }
    }
  });

  test("V is unitary, and A V is V Lambda", () => {
    const size = 24;
    const { frequencies, V } = hippoNormal(size);
    const v = (row: number, n: number): C => [V.re[row * size + n]!, V.im[row * size + n]!];
    const A = (n: number, k: number): number => {
      if (n === k) return -0.5;
      return (n > k ? -1 : 1) * Math.sqrt((n + 0.5) * (k + 0.5));
    };
    for (let n = 0; n < size / 2; n++) {
      for (let row = 0; row < size; row++) {
        let total: C = [0, 0];
        for (let k = 0; k < size; k++) total = sum(total, product([A(row, k), 0], v(k, n)));
        const expected = product([-0.5, frequencies[n]!], v(row, n));
        expect(total[0]).toBeCloseTo(expected[0], 11);
        expect(total[1]).toBeCloseTo(expected[1], 11);
      }
    }
    for (let n = 0; n < size; n++) {
      for (let m = 0; m < size; m++) {
        let total: C = [0, 0];
        for (let k = 0; k < size; k++) total = sum(total, product([v(k, n)[0], -v(k, n)[1]], v(k, m)));
        expect(total[0]).toBeCloseTo(n === m ? 1 : 0, 12);
        expect(total[1]).toBeCloseTo(0, 12);
      }
    }
  });

  test("of selectiveStateSpace: softplus(b) lies in the range, A is -(1, ..., order)", () => {
    const { b, logA } = selectiveStateSpace({ input: 200, hidden: 200, order: 3 }).init(key(1), f64);
    const steps = numbers(b).map((v) => Math.log1p(Math.exp(v)));
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(0.001);
    expect(Math.min(...steps)).toBeLessThan(0.0015);
    expect(Math.max(...steps)).toBeLessThan(0.1);
    expect(Math.max(...steps)).toBeGreaterThan(0.07);
    expect(
      numbers(logA)
        .slice(0, 3)
        .map((a) => Math.exp(a)),
    ).toEqual([1, 2, 3].map((n) => expect.closeTo(n, 12)));
  });
});

test("options that do not fit are named", () => {
  const sizes = { input: 2, hidden: 2 };
  expect(() => lru({ ...sizes, rMin: 0.9, rMax: 0.5 })).toThrow("lru: expected 0 <= rMin < rMax <= 1, got 0.9 and 0.5");
  expect(() => lru({ ...sizes, maxPhase: 0 })).toThrow("lru: maxPhase must be a finite number above 0, got 0");
  expect(() => s4d({ ...sizes, order: 3 })).toThrow("s4d: order must be even");
  expect(() => s4d({ ...sizes, hidden: 3 })).toThrow("got input 2 and hidden 3; put a dense layer before the cell");
  expect(() => s4d({ ...sizes, initialization: "legs" as "lin" })).toThrow("s4d: unknown initialization legs");
  expect(() => s5({ ...sizes, discretization: "euler" as "zoh" })).toThrow("s5: unknown discretization euler");
  expect(() => s5({ ...sizes, hidden: 3 })).toThrow("s5: hidden must be even");
  expect(() => s5({ ...sizes, blocks: 2 })).toThrow(
    "s5: blocks must divide hidden into even parts, since states come in conjugate pairs; got 2 blocks of 2",
  );
  expect(() => s5({ ...sizes, blocks: 0 })).toThrow("s5: blocks must be an integer >= 1, got 0");
  expect(() => s5({ ...sizes, deltaMin: 1 })).toThrow("s5: expected 0 < deltaMin < deltaMax, got 1 and 0.1");
  expect(() => selectiveStateSpace({ ...sizes, rank: 0 })).toThrow(
    "selectiveStateSpace: rank must be an integer >= 1, got 0",
  );
});
