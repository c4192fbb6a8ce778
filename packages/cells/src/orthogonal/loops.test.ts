// Cells of the family against their papers' equations, as loops over numbers.
import { key, valuesOf, type Tensor } from "@sluice/tensor";
import { weightsOf } from "@sluice/params";
import { describe, expect, test } from "vitest";
import { expectLoop } from "../../../../fixtures/cells/loop-over-numbers.ts";
import { coRnn, echoState, expRnn, lem, lipschitzRnn, scoRnn, shufflingRnn } from "../index.ts";

const [input, hidden] = [3, 4];
const sizes = { input, hidden };
const units = Array.from({ length: hidden }, (_, j) => j);
const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v));
const sumOf = (...rows: readonly (readonly number[])[]): number[] =>
  rows[0]!.map((_, j) => rows.reduce((sum, row) => sum + row[j]!, 0));

test.each(["explicit", "implicit"] as const)("coRnn with %s damping: arXiv:2010.00951, equation 3", (damping) => {
  const [dt, gamma, epsilon] = [0.3, 1.2, 0.7];
  expectLoop(coRnn({ ...sizes, dt, gamma, epsilon, damping }), "y", ({ times, weight, state, x }) => {
    const [y, z] = [state("y"), state("z")];
    const sums = sumOf(times("W", x), times("U", y), times("V", z), weight("b"));
    const driven = units.map((j) => Math.tanh(sums[j]!) - gamma * y[j]!);
    const next =
      damping === "explicit"
        ? units.map((j) => z[j]! + dt * (driven[j]! - epsilon * z[j]!))
        : units.map((j) => (z[j]! + dt * driven[j]!) / (1 + dt * epsilon));
    // The implicit equation itself.
    if (damping === "implicit")
      units.forEach((j) => expect(next[j]).toBeCloseTo(z[j]! + dt * (driven[j]! - epsilon * next[j]!), 12));
    return { y: units.map((j) => y[j]! + dt * next[j]!), z: next };
  });
});

test("lem: arXiv:2110.04744, equation 3", () => {
  const dt = 0.6;
  expectLoop(lem({ ...sizes, dt }), "y", ({ times, weight, state, x }) => {
    const [y, z, b] = [state("y"), state("z"), weight("b")];
    const [xW, yU] = [times("W", x), times("U", y)];
    const block = (i: number, j: number): number => i * hidden + j;
    const gate = (i: number, j: number): number => xW[block(i, j)]! + yU[block(i, j)]! + b[block(i, j)]!;
    const nextZ = units.map((j) => {
      const step = dt * sigmoid(gate(0, j));
      return (1 - step) * z[j]! + step * Math.tanh(gate(2, j));
    });
    const zV = times("V", nextZ);
    const nextY = units.map((j) => {
      const step = dt * sigmoid(gate(1, j));
      return (1 - step) * y[j]! + step * Math.tanh(xW[block(3, j)]! + zV[j]! + b[block(3, j)]!);
    });
    return { y: nextY, z: nextZ };
  });
});

test("lipschitzRnn: arXiv:2006.12070, equations 3, 6 and 7", () => {
  const [beta, gamma, epsilon] = [0.7, 0.2, 0.3];
  expectLoop(lipschitzRnn({ ...sizes, beta, gamma, epsilon }), "h", ({ times, weight, state, x }) => {
    const h = state("h");
    const along = (M: readonly number[]): number[] =>
      units.map((j) =>
        units.reduce((sum, i) => {
          const [there, back] = [M[i * hidden + j]!, M[j * hidden + i]!];
          const mixed = (1 - beta) * (there + back) + beta * (there - back) - (i === j ? gamma : 0);
          return sum + h[i]! * mixed;
        }, 0),
      );
    const linear = along(weight("M"));
    const inner = sumOf(times("W", x), along(weight("N")), weight("b"));
    return { h: units.map((j) => h[j]! + epsilon * (linear[j]! + Math.tanh(inner[j]!))) };
  });
});

// The orthogonal matrices themselves are tested with their reparametrizations.
describe.each([
  ["scoRnn: arXiv:1707.09520, equation 9", scoRnn(sizes)],
  ["expRnn: arXiv:1901.08428, section 4", expRnn(sizes)],
] as const)("%s", (_, cell) => {
  test("is modReLU of the sum", () => {
    expectLoop(cell, "h", ({ times, weight, state, x }) => {
      const z = sumOf(times("W", x), times("U", state("h")));
      return { h: units.map((j) => Math.sign(z[j]!) * Math.max(0, Math.abs(z[j]!) + weight("b")[j]!)) };
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
  expectLoop(shufflingRnn({ ...sizes, widths }), "h", ({ times, weight, state, x }) => {
    let y: readonly number[] = x;
    for (let i = 0; i <= widths.length; i++) {
      const layer = sumOf(times(`network.${i}.W`, y), weight(`network.${i}.b`));
      y = i < widths.length ? layer.map((v) => Math.max(0, v)) : layer;
    }
    const gate = sumOf(times("Wg", x), weight("bg")).map(sigmoid);
    return { h: units.map((j) => Math.max(0, state("h")[(j + hidden - 1) % hidden]! + y[j]! * gate[j]!)) };
  });
});

test("echoState: doi:10.1016/j.neunet.2007.04.016, equation 1", () => {
  const leak = 0.3;
  expectLoop(echoState({ ...sizes, leak, sparsity: 0.3, biasScale: 0.5 }), "h", ({ times, weight, state, x }) => {
    const sums = sumOf(times("W", x), times("U", state("h")), weight("b"));
    return { h: units.map((j) => (1 - leak) * state("h")[j]! + leak * Math.tanh(sums[j]!)) };
  });
});
