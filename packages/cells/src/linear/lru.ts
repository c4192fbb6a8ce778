import { kernel, parameter, randomNormal, randomUniform, type Initializer } from "@sluice/params";
import { add, exp, matmul, neg, sub, take, tensor, TensorError, valuesOf } from "@sluice/tensor";
import { expF64, log1pF64, logF64 } from "@sluice/tensor/internal";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { complexRecurrence } from "../definition/recurrences.ts";
import { checkSize } from "../options/size.ts";
import { polar, scaled, toRows } from "./complex.ts";

/**
 * Linear recurrent unit (Orvieto et al. 2023, arXiv:2303.06349): a diagonal recurrence in complex numbers whose
 * eigenvalues stay in the unit disk, with an input scaled so that the state keeps its size.
 *
 *     lambda = exp(-exp(nu_log) + i exp(theta_log))
 *     h_t = lambda h_{t-1} + exp(gamma_log) (x_t B)
 *     y_t = Re(h_t C) + x_t D
 *
 * Initially lambda is uniform on the ring of radii `rMin` to `rMax`, by area, with angles up to `maxPhase`, and
 * gamma = sqrt(1 - |lambda|^2). After that gamma is trained by itself, as in the paper.
 *
 * Parameters: Lambda `[3, hidden]`, of which the rows are nu_log, theta_log and gamma_log; B `{ re, im }`, each
 * `[input, hidden]`, of variance 1 / (2 input); C `{ re, im }`, each `[hidden, outputs]`, of variance 1 / hidden; D
 * `[input, outputs]`, of variance 1 / input, as in lru-pytorch (the code in the paper's appendix has a vector for D,
 * where the output is as wide as the input). Paper and package write products the other way round. States: re, im, the
 * parts of h. Output: y, `[batch, outputs]`.
 *
 * Options: `outputs` (default as many as inputs), `rMin` (default 0), `rMax` (default 1), `maxPhase` (default 2 pi, in
 * radians). The paper needs rMin near 1 and a small maxPhase for long dependencies.
 */
export const lru = defineAssociativeCell({
  name: "lru",
  options: { outputs: undefined as number | undefined, rMin: 0, rMax: 1, maxPhase: 2 * Math.PI },
  params({ input, hidden }, { outputs = input, rMin, rMax, maxPhase }) {
    const width = checkSize("lru", "outputs", outputs);
    const B = kernel([input, hidden], { initializer: randomNormal({ deviation: Math.sqrt(0.5 / input) }) });
    const C = parameter([hidden, width], { initializer: randomNormal({ deviation: Math.sqrt(1 / hidden) }) });
    return {
      Lambda: parameter([3, hidden], { initializer: ring(rMin, rMax, maxPhase) }),
      B: { re: B, im: B },
      C: { re: C, im: C },
      D: kernel([input, width], { initializer: randomNormal({ deviation: Math.sqrt(1 / input) }) }),
    };
  },
  state: ({ hidden }) => ({ re: [hidden], im: [hidden] }),
  withoutNorm: "its products enter state and output as they are, not through a gate or another nonlinearity",
  recurrence: complexRecurrence("re", "im"),
  elements({ Lambda, B }, x, { input }) {
    const [nu, theta, gamma] = [exp(take(Lambda, 0)), exp(take(Lambda, 1)), exp(take(Lambda, 2))];
    const lambda = polar(neg(nu), theta);
    const xB = { re: input("re", x, B.re, { gates: 1 }), im: input("im", x, B.im, { gates: 1 }) };
    const b = scaled(xB, gamma);
    return { aReal: toRows(lambda.re, x), aImaginary: toRows(lambda.im, x), bReal: b.re, bImaginary: b.im };
  },
  output: ({ C, D }, { re, im }, x, { input }) =>
    add(sub(matmul(re, C.re), matmul(im, C.im)), input("skip", x, D, { gates: 1 })),
});

/** nu_log, theta_log and gamma_log of eigenvalues drawn by area from a ring. */
function ring(rMin: number, rMax: number, maxPhase: number): Initializer {
  if (!(rMin >= 0 && rMax > rMin && rMax <= 1))
    throw new TensorError(`lru: expected 0 <= rMin < rMax <= 1, got ${rMin} and ${rMax}`);
  if (!(maxPhase > 0 && maxPhase < Infinity))
    throw new TensorError(`lru: maxPhase must be a finite number above 0, got ${maxPhase}`);
  // The midpoint of one of 2^24 cells, so that neither a radius nor an angle is 0, and no radius is 1.
  const half = 1 / 33554432;
  const draw = randomUniform({ low: half, high: 1 + half });
  return (key, [rows = 3, hidden = 0], sizes) => {
    const u = valuesOf(draw(key, [2, hidden], sizes));
    const values = new Float64Array(rows * hidden);
    for (let n = 0; n < hidden; n++) {
      const [u1 = 0, u2 = 0] = [u[n], u[hidden + n]];
      const nu = -0.5 * logF64(u1 * (rMax * rMax - rMin * rMin) + rMin * rMin);
      values[n] = logF64(nu);
      values[hidden + n] = logF64(maxPhase * u2);
      values[2 * hidden + n] = 0.5 * log1pF64(-expF64(-2 * nu));
    }
    return tensor(values, [rows, hidden]);
  };
}
