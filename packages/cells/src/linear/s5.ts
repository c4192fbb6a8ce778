import { constant, kernel, lecunNormal, parameter, randomNormal, type Initializer } from "@sluice/params";
import { add, concat, exp, keyFor, matmul, mul, neg, split, tensor, TensorError, valuesOf } from "@sluice/tensor";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { complexRecurrence } from "../definition/recurrences.ts";
import { checkSize } from "../options/size.ts";
import { checkDiscretization, discretized, times, toRows, type Discretization } from "./complex.ts";
import { hippoNormal, type HippoNormal } from "./hippo.ts";
import { along, logUniform } from "./initial.ts";

/**
 * S5, a state space model with many inputs and outputs (Smith et al. 2023, arXiv:2208.04933): one diagonal complex
 * system for all channels. Its states come in complex conjugate pairs, of which one of each is kept.
 *
 *     delta = exp(logDelta)                                        [hidden / 2]
 *     a = exp(delta Lambda)                                        zoh;  gain = (exp(delta Lambda) - 1) / Lambda
 *     a = (1 + delta Lambda / 2) / (1 - delta Lambda / 2)          bilinear;  gain = delta / (1 - delta Lambda / 2)
 *     h_t = a h_{t-1} + gain (x_t B)
 *     y_t = 2 Re(h_t C) + D x_t
 *
 * Initially Lambda are the eigenvalues of the normal part of HiPPO-LegS, A = V Lambda V^-1. B = V^-1 B' and C = C' V in
 * the paper's order of factors, with a real B' and a complex C' of LeCun normal parts, of variance 1 / input and 1 /
 * hidden (the authors' code: 1 / hidden for both). D is N(0, 1). Imaginary parts that are kept are positive; the
 * authors keep the negative ones. The limit that the authors' code (lindermanlab/S5) can put on Re Lambda is not here.
 *
 * hidden is P, the real size of the state, and even. The output is as wide as the input. Parameters: Lambda, `{ re, im
 * }` `[hidden / 2]`; B `[input, hidden]`, in its columns first the real parts, then the imaginary ones; C `[hidden,
 * input]`, likewise in its rows; logDelta `[hidden / 2]`; D `[input]`. States: re, im `[hidden / 2]`. Output: y,
 * `[batch, input]`.
 *
 * Options: `discretization`, `"zoh"` (default) or `"bilinear"`; `deltaMin`, `deltaMax`: the range of the initial delta,
 * uniform in the logarithm (default 0.001 to 0.1); `blocks`: how many equal blocks, each HiPPO-LegS of its own size,
 * stand on the diagonal of the initial A (default 1). Throws a TensorError unless the blocks have an even size.
 */
export const s5 = defineAssociativeCell({
  name: "s5",
  options: { discretization: "zoh" as Discretization, deltaMin: 0.001, deltaMax: 0.1, blocks: 1 },
  params({ input, hidden }, { discretization, deltaMin, deltaMax, blocks }) {
    checkDiscretization("s5", discretization);
    if (hidden % 2 !== 0)
      throw new TensorError(`s5: hidden must be even, since states come in conjugate pairs; got ${hidden}`);
    if (hidden % (2 * checkSize("s5", "blocks", blocks)) !== 0)
      throw new TensorError(
        `s5: blocks must divide hidden into even parts, since states come in conjugate pairs; got ${blocks} blocks of ${hidden}`,
      );
    const kept = hidden / 2;
    const hippo = once(() => hippoNormal(hidden / blocks));
    return {
      Lambda: {
        re: parameter([kept], { initializer: constant(-0.5) }),
        im: parameter([kept], { initializer: along((n) => hippo().frequencies[n % (kept / blocks)] ?? NaN) }),
      },
      B: kernel([input, hidden], { initializer: inEigenvectors(hippo) }),
      C: parameter([hidden, input], { initializer: ofEigenvectors(hippo) }),
      logDelta: parameter([kept], { initializer: logUniform("s5", deltaMin, deltaMax) }),
      D: parameter([input], { initializer: randomNormal({ deviation: 1 }) }),
    };
  },
  state: ({ hidden }) => ({ re: [hidden / 2], im: [hidden / 2] }),
  withoutNorm: "its products enter state and output as they are, not through a gate or another nonlinearity",
  recurrence: complexRecurrence("re", "im"),
  elements({ Lambda, B, logDelta }, x, { input, discretization }) {
    const { a, gain } = discretized(Lambda, exp(logDelta), discretization);
    const [re, im] = split(input("input", x, B, { gates: 1 }), 2);
    const b = times(gain, { re, im });
    return { aReal: toRows(a.re, x), aImaginary: toRows(a.im, x), bReal: b.re, bImaginary: b.im };
  },
  output: ({ C, D }, { re, im }, x) => add(mul(matmul(concat([re, neg(im)], 1), C), 2), mul(x, D)),
});

/** B `[input, hidden]` of V^-1 B': V^-1 is the conjugate transpose of V. */
const inEigenvectors =
  (hippo: () => HippoNormal): Initializer =>
  (key, [input = 0, hidden = 0], sizes) => {
    const { re, im, size } = hippo().V;
    const drawn = valuesOf(lecunNormal(key, [input, hidden], sizes));
    const B = new Float64Array(input * hidden);
    for (let i = 0; i < input; i++) {
      for (let n = 0; n < hidden / 2; n++) {
        const { first, column } = placeOf(n, size);
        let [real, imaginary] = [0, 0];
        for (let p = 0; p < size; p++) {
          const b = drawn[i * hidden + first + p] ?? NaN;
          real += (re[p * size + column] ?? NaN) * b;
          imaginary -= (im[p * size + column] ?? NaN) * b;
        }
        B[i * hidden + n] = real;
        B[i * hidden + hidden / 2 + n] = imaginary;
      }
    }
    return tensor(B, [input, hidden]);
  };

/** C `[hidden, outputs]` of C' V, with the real and the imaginary parts of C' drawn apart. */
const ofEigenvectors =
  (hippo: () => HippoNormal): Initializer =>
  (key, [hidden = 0, outputs = 0], sizes) => {
    const { re, im, size } = hippo().V;
    const [drawnRe, drawnIm] = [
      valuesOf(lecunNormal(keyFor(key, "re"), [hidden, outputs], sizes)),
      valuesOf(lecunNormal(keyFor(key, "im"), [hidden, outputs], sizes)),
    ];
    const C = new Float64Array(hidden * outputs);
    for (let n = 0; n < hidden / 2; n++) {
      const { first, column } = placeOf(n, size);
      for (let o = 0; o < outputs; o++) {
        let [real, imaginary] = [0, 0];
        for (let p = 0; p < size; p++) {
          const [vRe, vIm] = [re[p * size + column] ?? NaN, im[p * size + column] ?? NaN];
          const drawn = (first + p) * outputs + o;
          const [cRe, cIm] = [drawnRe[drawn] ?? NaN, drawnIm[drawn] ?? NaN];
          real += cRe * vRe - cIm * vIm;
          imaginary += cRe * vIm + cIm * vRe;
        }
        C[n * outputs + o] = real;
        C[(hidden / 2 + n) * outputs + o] = imaginary;
      }
    }
    return tensor(C, [hidden, outputs]);
  };

/** Of the kept state n: where its block begins among all states, and its eigenvector there. */
const placeOf = (n: number, size: number): { readonly first: number; readonly column: number } => {
  const column = n % (size / 2);
  return { first: 2 * (n - column), column };
};

/** Makes a value when it is first asked for: eigenvectors, only where parameters are drawn. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
