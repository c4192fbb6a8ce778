import {
  bias,
  constant,
  kernel,
  parameter,
  randomNormal,
  recurrentKernel,
  zeros,
  type Initializer,
} from "@sluice/params";
import { add, concat, mul, sigmoid, sliceAxis, split, tanh, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkSize } from "../options/size.ts";
import { raised } from "./biases.ts";
import { lstm } from "./lstm.ts";

/**
 * HyperLSTM: a small LSTM scales the rows of the weights of a larger one at every step (Ha et al. 2016,
 * arXiv:1609.09106, appendix A.2.2). The small one, `hyper`, reads the state and the input:
 *
 *     hh_t, hc_t = lstm([h_{t-1}, x_t], hh_{t-1}, hc_{t-1})
 *
 * For each of y = i, f, g, o of the larger one:
 *
 *     zh_y = hh_t Zh_y + bh_y,  zx_y = hh_t Zx_y + bx_y,  zb_y = hh_t Zb_y
 *     y_t = LN((zh_y Dh_y) (h_{t-1} U_y) + (zx_y Dx_y) (x_t W_y) + zb_y Db_y + b_y)
 *     c_t = sigmoid(f_t) c_{t-1} + sigmoid(i_t) tanh(g_t)
 *     h_t = sigmoid(o_t) tanh(LN(c_t))
 *
 * The paper writes hh_{t-1} in the equations of z. The authors' code (hardmaru/supercell) takes hh_t, and so does this
 * cell. LN is that of `norm: layerNorm({ placement: "gates" })`, which the small LSTM is given too; without `norm`
 * there is none. The authors' epsilon is 1e-3, and they add 1 to f after LN. LN takes the mean of a gate away, and with
 * it a `forgetBias`, which is the same for all units: to begin as they do, add 1 to the normalizer's own bias of f.
 *
 * Parameters: W `[input, 4 hidden]`, U `[hidden, 4 hidden]`, b `[4 hidden]`, gates in the order i, f, g, o. For each s
 * of h, x, b: scale.s.Z `[hyperUnits, 4 embedding]`, scale.s.D.0 ... 3 `[embedding, hidden]` for the gates in order;
 * and scale.h.b, scale.x.b `[4 embedding]`. Those of the small LSTM are hyper.W, hyper.U, hyper.b. As in the authors'
 * code, Zh, Zx and Db begin as zeros, bh and bx as ones, Dh and Dx as 0.1 / embedding, and Zb as N(0, 0.01^2): all rows
 * begin scaled by 0.1. States: h, c, hyper.h, hyper.c; output: h. Traces: input, forget, candidate, output, and those
 * of the small one under hyper. Places of norm: gates, cell.
 *
 * Options: `hyperUnits` (default an eighth of hidden, rounded up, and at least 2; the paper has 128 for 1000),
 * `embedding` (default 4; the authors' code has 16), `forgetBias`, which is added to the initial b_f (default 1).
 * Throws a TensorError for sizes that are not integers >= 1.
 */
export const hyperLstm = defineCell({
  name: "hyperLstm",
  options: { hyperUnits: undefined as number | undefined, embedding: 4, forgetBias: 1 },
  cells: ({ input, hidden }, { hyperUnits }, { norm }) => ({
    hyper: lstm({ input: hidden + input, hidden: unitsOf(hidden, hyperUnits), ...(norm && { norm }) }),
  }),
  params({ input, hidden }, { hyperUnits, embedding, forgetBias }) {
    checkSize("hyperLstm", "embedding", embedding);
    const units = unitsOf(hidden, hyperUnits);
    const Z = (initializer: Initializer) => parameter([units, 4 * embedding], { initializer });
    const D = (initializer: Initializer) =>
      Array.from({ length: 4 }, () => parameter([embedding, hidden], { initializer }));
    const tenth = {
      Z: Z(zeros),
      D: D(constant(0.1 / embedding)),
      b: parameter([4 * embedding], { initializer: constant(1) }),
    };
    return {
      W: kernel([input, 4 * hidden]),
      U: recurrentKernel([hidden, 4 * hidden]),
      b: bias([4 * hidden], { adjust: raised({ from: hidden, to: 2 * hidden, by: forgetBias }) }),
      scale: { h: tenth, x: tenth, b: { Z: Z(randomNormal({ deviation: 0.01 })), D: D(zeros) } },
    };
  },
  state: ({ hidden }) => ({ h: [hidden], c: [hidden] }),
  step({ W, U, b, scale }, { h, c }, x, { norm, trace, input, recurrent, cells, embedding }) {
    const hyper = cells.hyper(concat([h, x], 1));
    /** The four gates' z D, `[batch, 4 hidden]`. */
    const scaled = (of: string, z: Tensor, D: readonly Tensor[]): Tensor => {
      const gate = (y: number): Tensor => sliceAxis(z, 1, y * embedding, (y + 1) * embedding);
      const name = (y: number): string => `scale.${of}.D.${y}`;
      return concat(
        D.map((Dy, y) => recurrent(name(y), gate(y), Dy, { gates: 1, source: name(y) })),
        1,
      );
    };
    const zOf = (of: string, Z: Tensor): Tensor =>
      recurrent(`scale.${of}.Z`, hyper.output, Z, { gates: 4, source: "hyper" });

    const dh = scaled("h", add(zOf("h", scale.h.Z), scale.h.b), scale.h.D);
    const dx = scaled("x", add(zOf("x", scale.x.Z), scale.x.b), scale.x.D);
    const db = scaled("b", zOf("b", scale.b.Z), scale.b.D);
    const hU = { product: recurrent("gates", h, U), times: dh };
    const xW = { product: input("gates", x, W), times: dx };
    const [i1, f1, g1, o1] = split(norm("gates", [hU, xW, db, b]), 4);
    const i = trace("input", sigmoid(i1));
    const f = trace("forget", sigmoid(f1));
    const g = trace("candidate", tanh(g1));
    const o = trace("output", sigmoid(o1));
    const nextC = add(mul(f, c), mul(i, g));
    const nextH = mul(o, tanh(norm("cell", nextC)));
    return { state: { h: nextH, c: nextC, hyper: hyper.state }, output: "h" };
  },
});

const unitsOf = (hidden: number, given: number | undefined): number =>
  checkSize("hyperLstm", "hyperUnits", given ?? Math.max(2, Math.ceil(hidden / 8)));
