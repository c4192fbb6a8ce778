import { bias, glorotNormal, kernel, lecunUniform, recurrentKernel, zeros } from "@sluice/params";
import { add, matmul, mul, reshape, tensor, TensorError, transpose } from "@sluice/tensor";
import { axisSize } from "../cell/axes.ts";
import type { CellOptions } from "../definition/cell-options.ts";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { checkSize } from "../options/size.ts";
import { delayNetwork, type DelayNetwork, type LmuDiscretization } from "./delay-network.ts";

/** Options of {@link lmu}. */
export interface LmuOptions {
  /** States of each memory: q in "d dimensions of order q". The paper takes 4 to 256. */
  readonly order: number;
  /** The window that a memory holds, in steps: above 0, and not necessarily whole. */
  readonly theta: number;
  /** Memories side by side, each of one number u: d. Default 1, as in the paper. */
  readonly memories?: number;
  /** Default `"zoh"`; `"euler"` needs a theta that is large beside the order. */
  readonly discretization?: LmuDiscretization;
  /** f of the hidden state. Default tanh. */
  readonly activation?: Activation;
  /** Whether u has a bias. Default 0, as in the paper. */
  readonly biases?: 0 | 1;
}

/**
 * Legendre memory unit (Voelker, Kajic and Eliasmith 2019, "Legendre Memory Units: Continuous-Time Representation in
 * Recurrent Neural Networks", NeurIPS): a linear memory that holds a sliding window of a signal, as coefficients of
 * Legendre polynomials, and a non-linear state that writes to it and reads from it.
 *
 *     u_t = x_t Ex + h_{t-1} Eh + m_{t-1} Em (+ b)
 *     m_t = m_{t-1} A' + u_t B'                     each memory by itself; A' is A transposed
 *     h_t = f(x_t Wx + h_{t-1} Wh + m_t Wm)
 *
 * A and B hold a delay of theta steps ({@link LmuOptions}). They are discretized once, when the cell is made, and not
 * trained. h reads the memory after the step. Because u reads h, the cell is not linear in its states and runs in a
 * loop only. keras-lmu leaves out Eh, Em and Wx by default; with zeros for them the cells are the same.
 *
 * Parameters: Ex `[input, memories]`, Eh `[hidden, memories]` (LeCun uniform), Em `[memories order, memories]` (zeros);
 * b `[memories]` with one bias; Wx `[input, hidden]`, Wh `[hidden, hidden]`, Wm `[memories order, hidden]` (Glorot
 * normal). States: m `[memories order]`, the coefficients of the first memory first; h. Output: h. Traces: written (u).
 * Place of norm: hidden.
 */
export function lmu(options: CellOptions & LmuOptions) {
  const { order, theta, discretization = "zoh" } = options;
  checkSize("lmu", "order", order);
  if (!(theta > 0 && theta < Infinity))
    throw new TensorError(`lmu: theta must be a number of steps above 0, got ${String(theta)}`);
  return withMemory(delayNetwork(order, theta, discretization))(options);
}

const withMemory = ({ A, B }: DelayNetwork) =>
  defineCell({
    name: "lmu",
    options: {
      order: B.length,
      theta: NaN,
      memories: 1,
      discretization: "zoh" as LmuDiscretization,
      activation: "tanh" as Activation,
      biases: 0 as 0 | 1,
    },
    params({ input, hidden }, { order, memories, biases }) {
      checkSize("lmu", "memories", memories);
      if (biases !== 0 && biases !== 1) throw new TensorError(`lmu: biases must be 0 or 1, got ${String(biases)}`);
      return {
        Ex: kernel([input, memories], { initializer: lecunUniform }),
        Eh: recurrentKernel([hidden, memories], { initializer: lecunUniform }),
        Em: recurrentKernel([memories * order, memories], { initializer: zeros }),
        ...(biases === 1 && { b: bias([memories]) }),
        Wx: kernel([input, hidden], { initializer: glorotNormal }),
        Wh: recurrentKernel([hidden, hidden], { initializer: glorotNormal }),
        Wm: recurrentKernel([memories * order, hidden], { initializer: glorotNormal }),
      };
    },
    state: ({ hidden }, { order, memories }) => ({ m: [memories * order], h: [hidden] }),
    step({ Ex, Eh, Em, b, Wx, Wh, Wm }, { m, h }, x, { norm, trace, input, recurrent, order, memories, activation }) {
      const rows = axisSize(x, 0) * memories;
      const transposedA = transpose(tensor(A, [order, order], { dtype: x.dtype }));
      const transposedB = tensor(B, [1, order], { dtype: x.dtype });

      const read = add(
        add(input("encoder", x, Ex, { gates: 1 }), recurrent("encoder", h, Eh, { gates: 1 })),
        recurrent("memoryEncoder", m, Em, { gates: 1, source: "memory" }),
      );
      const u = trace("written", b === undefined ? read : add(read, b));
      const held = add(matmul(reshape(m, [rows, order]), transposedA), mul(reshape(u, [rows, 1]), transposedB));
      const nextM = reshape(held, m.shape);
      const terms = [
        input("hidden", x, Wx),
        recurrent("hidden", h, Wh),
        recurrent("memory", nextM, Wm, { source: "memory" }),
      ];
      return { state: { m: nextM, h: activationOf(activation)(norm("hidden", terms)) }, output: "h" };
    },
  });
