import { bias, kernel } from "@sluice/params";
import { add, exp, expand, logSigmoid, mul, reshape, sliceAxis, sum, TensorError, type Tensor } from "@sluice/tensor";
import { axisSize } from "../cell/axes.ts";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { linearRecurrence } from "../definition/recurrences.ts";
import { checkSize } from "../options/size.ts";

/**
 * Gated linear attention (Yang et al. 2024, arXiv:2312.06635): attention without softmax, as a recurrence whose state
 * is a matrix for each head. A gate of the input lets each of its rows decay. By head, with w the width of a key:
 *
 *     q_t = x_t W_q (+ b_q),  k_t = x_t W_k (+ b_k),  v_t = x_t W_v (+ b_v)
 *     alpha_t = sigmoid(x_t W_1 W_2 + b_alpha)^(1 / temperature)
 *     S_t = alpha_t' S_{t-1} + k_t' v_t                   alpha_t' scales the rows of S, k_t' is a column
 *     o_t = q_t S_t / sqrt(w)
 *
 * The division by sqrt(w) is that of the authors' code. The layer around it, which normalizes o_t by head and gates it
 * by swish(x_t W_r + b_r) before the last dense layer, is not here.
 *
 * Parameters: W `[input, 2 keyWidth + hidden]` and, with one bias, b `[2 keyWidth + hidden]`, in the order q, k, v; W1
 * `[input, rank]`, W2 `[rank, keyWidth]`, bAlpha `[keyWidth]`. State: S `[heads, keyWidth / heads, hidden / heads]`.
 * Output: o, the heads side by side, `[batch, hidden]`. Trace: forget (alpha). Place of norm: gate.
 *
 * Options:
 * - `heads`: default 4, as in the paper.
 * - `keyWidth`: of q and k over all heads (default hidden / 2, as in the paper).
 * - `rank`: of W_1 W_2 (default 16).
 * - `temperature`: above 0; the higher, the slower the initial decay (default 16).
 * - `biases`: 0 (default, the paper's) or 1 for q, k and v. The gate has its bias in any case.
 */
export const gla = defineAssociativeCell({
  name: "gla",
  options: { heads: 4, keyWidth: undefined as number | undefined, rank: 16, temperature: 16, biases: 0 as 0 | 1 },
  params({ input, hidden }, { heads, keyWidth = hidden / 2, rank, temperature, biases }) {
    checkSize("gla", "rank", rank);
    checkHeads(heads, keyWidth, hidden);
    if (!(temperature > 0 && temperature < Infinity))
      throw new TensorError(`gla: temperature must be a finite number above 0, got ${String(temperature)}`);
    if (biases !== 0 && biases !== 1) throw new TensorError(`gla: biases must be 0 or 1, got ${String(biases)}`);
    return {
      W: kernel([input, 2 * keyWidth + hidden]),
      ...(biases === 1 && { b: bias([2 * keyWidth + hidden]) }),
      W1: kernel([input, rank]),
      W2: kernel([rank, keyWidth]),
      bAlpha: bias([keyWidth]),
    };
  },
  state: ({ hidden }, { heads, keyWidth = hidden / 2 }) => ({ S: [heads, keyWidth / heads, hidden / heads] }),
  recurrence: linearRecurrence("S"),
  elements(
    { W, b, W1, W2, bAlpha },
    x,
    { sizes, norm, trace, input, heads, keyWidth = sizes.hidden / 2, temperature },
  ) {
    const part = (name: string, from: number, to: number): Tensor => {
      const product = input(name, x, sliceAxis(W, 1, from, to), { gates: 1 });
      return byHead(b === undefined ? product : add(product, sliceAxis(b, 0, from, to)), heads);
    };
    const k = part("k", keyWidth, 2 * keyWidth);
    const v = part("v", 2 * keyWidth, 2 * keyWidth + sizes.hidden);
    const low = input("low", x, W1, { gates: 1 });
    const gate = norm("gate", [input("gate", low, W2, { gates: 1, source: "gate" }), bAlpha], { gates: 1 });
    const alpha = trace("forget", exp(mul(logSigmoid(gate), 1 / temperature)));
    return { a: expand(byHead(alpha, heads), 3), b: mul(expand(k, 3), expand(v, 2)) };
  },
  output({ W, b }, { S }, x, { sizes, input, heads, keyWidth = sizes.hidden / 2 }) {
    const product = input("q", x, sliceAxis(W, 1, 0, keyWidth), { gates: 1 });
    const q = byHead(b === undefined ? product : add(product, sliceAxis(b, 0, 0, keyWidth)), heads);
    const o = mul(sum(mul(expand(q, 3), S), 2), 1 / Math.sqrt(keyWidth / heads));
    return reshape(o, [axisSize(o, 0), sizes.hidden]);
  },
});

/** `[batch, heads width]` as `[batch, heads, width]`. */
const byHead = (y: Tensor, heads: number): Tensor => reshape(y, [axisSize(y, 0), heads, axisSize(y, 1) / heads]);

function checkHeads(heads: number, keyWidth: number, hidden: number): void {
  checkSize("gla", "heads", heads);
  checkSize("gla", "keyWidth", keyWidth);
  if (keyWidth % heads !== 0 || hidden % heads !== 0)
    throw new TensorError(`gla: keyWidth ${keyWidth} and hidden ${hidden} must divide into ${heads} heads`);
}
