// Cells of the family against their papers' equations in plain numbers.
import { key, valuesOf, type Tensor } from "@sluice/tensor";
import { weightsOf } from "@sluice/params";
import { describe, expect, test } from "vitest";
import {
  by,
  each,
  expectPlainLoop,
  minus,
  plus,
  relu,
  row,
  s,
  th,
  times,
  transposed,
  type Row,
} from "../../../../fixtures/cells/plain-loop.ts";
import { coRnn, echoState, expRnn, lem, lipschitzRnn, scoRnn, shufflingRnn } from "../index.ts";

const sizes = { input: 3, hidden: 4 };

test.each(["explicit", "implicit"] as const)("coRnn with %s damping: arXiv:2010.00951, equation 3", (damping) => {
  const [dt, gamma, epsilon] = [0.3, 1.2, 0.7];
  expectPlainLoop(coRnn({ ...sizes, dt, gamma, epsilon, damping }), (w, { y = [], z = [] }, x) => {
    const sum = plus(times(x, w("W")), times(y, w("U")), times(z, w("V")), row(w("b")));
    const driven = minus(th(sum), by(gamma, y));
    const explicit = plus(z, by(dt, minus(driven, by(epsilon, z))));
    const implicit = by(plus(z, by(dt, driven)), 1 / (1 + dt * epsilon));
    const nextZ = damping === "explicit" ? explicit : implicit;
    // The implicit equation itself.
    if (damping === "implicit")
      plus(z, by(dt, minus(driven, by(epsilon, nextZ)))).forEach((v, j) => expect(nextZ[j]).toBeCloseTo(v, 12));
    const nextY = plus(y, by(dt, nextZ));
    return { state: { y: nextY, z: nextZ }, output: nextY };
  });
});

test("lem: arXiv:2110.04744, equation 3", () => {
  const dt = 0.6;
  expectPlainLoop(lem({ ...sizes, dt }), (w, { y = [], z = [] }, x) => {
    const a = (k: number): Row => plus(times(x, w("W", k)), times(y, w("U", k)), row(w("b", k)));
    const mixed = (step: Row, before: Row, now: Row): Row => plus(by(minus(1, step), before), by(step, now));
    const nextZ = mixed(by(dt, s(a(0))), z, th(a(2)));
    const ofZ = plus(times(x, w("W", 3)), times(nextZ, w("V")), row(w("b", 3)));
    const nextY = mixed(by(dt, s(a(1))), y, th(ofZ));
    return { state: { y: nextY, z: nextZ }, output: nextY };
  });
});

test("lipschitzRnn: arXiv:2006.12070, equations 3, 6 and 7", () => {
  const [beta, gamma, epsilon] = [0.7, 0.2, 0.3];
  expectPlainLoop(lipschitzRnn({ ...sizes, beta, gamma, epsilon }), (w, { h = [] }, x) => {
    /** h ((1 - beta) (M + M') + beta (M - M') - gamma I) */
    const along = (M: readonly Row[]): Row => {
      const [there, back] = [times(h, M), times(h, transposed(M))];
      return minus(plus(by(1 - beta, plus(there, back)), by(beta, minus(there, back))), by(gamma, h));
    };
    const inner = plus(times(x, w("W")), along(w("N")), row(w("b")));
    const next = plus(h, by(epsilon, plus(along(w("M")), th(inner))));
    return { state: { h: next }, output: next };
  });
});

// The orthogonal matrices themselves are tested with their reparametrizations.
describe.each([
  ["scoRnn: arXiv:1707.09520, equation 9", scoRnn(sizes)],
  ["expRnn: arXiv:1901.08428, section 4", expRnn(sizes)],
] as const)("%s", (_, cell) => {
  test("is modReLU of the sum", () => {
    expectPlainLoop(cell, (w, { h = [] }, x) => {
      const z = plus(times(x, w("W")), times(h, w("U")));
      const next = each((v, b) => Math.sign(v) * Math.max(0, Math.abs(v) + b), z, row(w("b")));
      return { state: { h: next }, output: next };
    });
  });

  test("begins with turns of planes, with the -1 of D in the last rows", () => {
    const U = [...valuesOf(weightsOf(cell, cell.init(key(1), { dtype: "f64" })).U as Tensor)];
    const expected = new Array<number>(16).fill(0);
    for (const [plane, D] of [1, cell.name === "scoRnn" ? -1 : 1].entries()) {
      const at = plane * 10;
      const t = Math.atan2(D * U[at + 1]!, D * U[at]!);
      if (cell.name === "scoRnn") expect(t >= 0 && t < Math.PI / 2).toBe(true);
      [expected[at], expected[at + 1]] = [D * Math.cos(t), D * Math.sin(t)];
      [expected[at + 4], expected[at + 5]] = [-D * Math.sin(t), D * Math.cos(t)];
    }
    expected.forEach((v, k) => expect(U[k]).toBeCloseTo(v, 13));
  });
});

test.each([[[]], [[5]], [[5, 2]]])("shufflingRnn with widths %j: arXiv:2007.07324, equations 3 and 5", (widths) => {
  expectPlainLoop(shufflingRnn({ ...sizes, widths }), (w, { h = [] }, x) => {
    let y = x;
    for (let i = 0; i <= widths.length; i++) {
      const layer = plus(times(y, w(`network.${i}.W`)), row(w(`network.${i}.b`)));
      y = i < widths.length ? relu(layer) : layer;
    }
    const gate = s(plus(times(x, w("Wg")), row(w("bg"))));
    const shifted = [...h.slice(-1), ...h.slice(0, -1)];
    const next = relu(plus(shifted, by(y, gate)));
    return { state: { h: next }, output: next };
  });
});

test("echoState: doi:10.1016/j.neunet.2007.04.016, equation 1", () => {
  const leak = 0.3;
  expectPlainLoop(echoState({ ...sizes, leak, sparsity: 0.3, biasScale: 0.5 }), (w, { h = [] }, x) => {
    const sum = plus(times(x, w("W")), times(h, w("U")), row(w("b")));
    const next = plus(by(1 - leak, h), by(leak, th(sum)));
    return { state: { h: next }, output: next };
  });
});
