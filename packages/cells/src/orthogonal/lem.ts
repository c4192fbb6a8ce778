import { bias, kernel, pytorchUniform, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sliceAxis, split, sub, tanh, type Tensor } from "@sluice/tensor";
import { defineCell } from "../definition/define-cell.ts";
import { checkPositive } from "./checks.ts";

/**
 * LEM, long expressive memory: two states, each with time steps of its own that are learned (Rusch et al. 2022,
 * arXiv:2110.04744):
 *
 *     d_t = dt sigmoid(x_t W_d + y_{t-1} U_d + b_d)          the paper's Delta t_n
 *     e_t = dt sigmoid(x_t W_e + y_{t-1} U_e + b_e)          the paper's Delta t_n with a bar
 *     z_t = (1 - d_t) z_{t-1} + d_t tanh(x_t W_z + y_{t-1} U_z + b_z)
 *     y_t = (1 - e_t) y_{t-1} + e_t tanh(x_t W_y + z_t V + b_y)
 *
 * Parameters: W `[input, 4 hidden]` and b `[4 hidden]` in the order d, e, z, y; U `[hidden, 3 hidden]` in the order d,
 * e, z; V `[hidden, hidden]`. All begin uniform within +-1 / sqrt(hidden), as in the authors' code. States: y, z; the
 * output is y. Traces: memoryStep (d_t), step (e_t), memory and candidate (the two tanh). Places of norm: gates (d, e
 * and z) and candidate. Option: `dt`, the largest step (default 1, the authors'). Throws a TensorError unless it is
 * above 0.
 *
 * torchrecurrent's LEM is another cell: its y looks at z_{t-1}.
 */
export const lem = defineCell({
  name: "lem",
  options: { dt: 1 },
  params({ input, hidden }, { dt }) {
    checkPositive("lem", { dt });
    const initializer = pytorchUniform;
    return {
      W: kernel([input, 4 * hidden], { initializer }),
      U: recurrentKernel([hidden, 3 * hidden], { initializer }),
      V: recurrentKernel([hidden, hidden], { initializer }),
      b: bias([4 * hidden], { initializer }),
    };
  },
  state: ({ hidden }) => ({ y: [hidden], z: [hidden] }),
  step({ W, U, V, b }, { y, z }, x, { sizes, norm, trace, input, recurrent, dt }) {
    const { hidden } = sizes;
    const first = (a: Tensor): Tensor => sliceAxis(a, a.shape.length - 1, 0, 3 * hidden);
    const last = (a: Tensor): Tensor => sliceAxis(a, a.shape.length - 1, 3 * hidden, 4 * hidden);

    const xW = input("gates", x, W);
    const [d1, e1, z1] = split(norm("gates", [first(xW), recurrent("gates", y, U), first(b)]), 3);
    const d = trace("memoryStep", mul(dt, sigmoid(d1)));
    const e = trace("step", mul(dt, sigmoid(e1)));
    const nextZ = add(mul(sub(1, d), z), mul(d, trace("memory", tanh(z1))));
    const y1 = norm("candidate", [last(xW), recurrent("candidate", nextZ, V, { source: "z" }), last(b)]);
    const nextY = add(mul(sub(1, e), y), mul(e, trace("candidate", tanh(y1))));
    return { state: { y: nextY, z: nextZ }, output: "y" };
  },
});
