import { bias, kernel, recurrentKernel } from "@sluice/params";
import {
  abs,
  add,
  div,
  equal,
  expand,
  mul,
  reshape,
  select,
  sigmoid,
  sliceAxis,
  softmax,
  sub,
  sum,
  tensor,
  TensorError,
  type ArrayTensor,
  type Tensor,
} from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";

/**
 * Mass-conserving LSTM (Hoedt et al. 2021, arXiv:2101.05186): what is stored and what comes out is never more or less
 * than what went in. x is divided: its first columns are the mass m `[mass]`, the others the auxiliary inputs a
 * `[input - mass]`, which only gates read.
 *
 *     s   = c_{t-1} / |c_{t-1}|                          the share of each unit, |.| the sum of absolute values
 *     i_t = softmax(a_t W_i + s U_i + b_i)               [mass, hidden]: each mass input is shared out among units
 *     R_t = softmax(a_t W_R + s U_R + b_R)               [hidden, hidden]: so is what each unit stored
 *     o_t = sigmoid(a_t W_o + s U_o + b_o)
 *     M_t = m_t i_t + c_{t-1} R_t
 *     h_t = o_t M_t
 *     c_t = (1 - o_t) M_t
 *
 * So the sum of c_{t-1} and m_t is the sum of c_t and h_t. Softmax is over the last axis. The shares of an empty memory
 * are 0. As in the authors' code (ml-jku/mc-lstm), b_R begins as the identity and b_o at -3, so that most mass stays
 * where it is at first. That code divides c by its sum, which is the same while no mass is negative. It also has
 * variants whose gates read less and whose R has another form; they are not here.
 *
 * Parameters: W `[input - mass, n hidden]`, U `[hidden, n hidden]`, b `[n hidden]`, n = mass + hidden + 1, in the order
 * i, R, o, with the matrices i and R row by row. State: c. Output: h, which is not a state. Traces: input `[mass,
 * hidden]`, redistribution `[hidden, hidden]`, output. Place of norm: gates.
 *
 * Normalizers and recurrent dropout act on gates alone and conserve mass. `dropout` drops mass too, but not with
 * `dropoutMasks: "perGate"`. Zoneout of c does not conserve mass.
 *
 * Option: `mass`, how many columns of x are mass (default 1). Throws a TensorError unless it is an integer from 1 to
 * input - 1.
 */
export const massConservingLstm = defineCell({
  name: "massConservingLstm",
  options: { mass: 1 },
  params({ input, hidden }, { mass }) {
    if (!Number.isInteger(mass) || mass < 1 || mass >= input)
      throw new TensorError(
        `massConservingLstm: mass must be an integer from 1 to input - 1 = ${input - 1}, since gates read the other columns, got ${mass}`,
      );
    const width = (mass + hidden + 1) * hidden;
    return {
      W: kernel([input - mass, width]),
      U: recurrentKernel([hidden, width]),
      b: bias([width], { adjust: (b) => staying(b, mass, hidden) }),
    };
  },
  state: ({ hidden }) => ({ c: [hidden] }),
  step({ W, U, b }, { c }, x, { sizes, norm, trace, input, recurrent, mass }) {
    const { hidden } = sizes;
    const [m, a] = [sliceAxis(x, 1, 0, mass), sliceAxis(x, 1, mass, sizes.input)];
    const gates = norm("gates", [input("gates", a, W), recurrent("gates", shares(c), U), b]);
    const rows = (from: number, count: number): Tensor => {
      const block = sliceAxis(gates, 1, from * hidden, (from + count) * hidden);
      return reshape(block, [...block.shape.slice(0, 1), count, hidden]);
    };
    const i = trace("input", softmax(rows(0, mass)));
    const R = trace("redistribution", softmax(rows(mass, hidden)));
    const o = trace("output", sigmoid(sliceAxis(gates, 1, (mass + hidden) * hidden, (mass + hidden + 1) * hidden)));
    const M = add(shared(m, i), shared(c, R));
    return { state: { c: mul(sub(1, o), M) }, output: mul(o, M) };
  },
});

/** What each unit has of all that is stored. */
function shares(c: Tensor): Tensor {
  const total = sum(abs(c), 1, { keep: true });
  return div(c, select(equal(total, 0), 1, total));
}

/** `[batch, from]` shared out by `[batch, from, to]`, whose rows add up to 1. */
const shared = (amounts: Tensor, by: Tensor): Tensor => sum(mul(expand(amounts, 2), by), 1);

/** A bias with the identity added in the place of R, and -3 in that of o. */
function staying(b: ArrayTensor, mass: number, hidden: number): ArrayTensor {
  const initial = (at: number): number => {
    const row = Math.floor(at / hidden) - mass;
    if (row < 0) return 0;
    return row === hidden ? -3 : Number(row === at % hidden);
  };
  return tensor(
    b.data.map((value, at) => value + initial(at)),
    b.shape,
  );
}
