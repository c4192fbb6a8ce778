import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, broadcastTo, mul, sigmoid, sliceAxis, sub, tanh, TensorError, type Tensor } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import { defineCell } from "../definition/define-cell.ts";

/** Which of the terms x_t W_f, h_{t-1} U_f and b_f the forget gate of a minimal gated unit has: see {@link mgu}. */
export type MguForm = "MGU" | "MGU1" | "MGU2" | "MGU3";

const termsOf: Readonly<Record<MguForm, { readonly x: boolean; readonly h: boolean; readonly b: boolean }>> = {
  MGU: { x: true, h: true, b: true },
  MGU1: { x: false, h: true, b: true },
  MGU2: { x: false, h: true, b: false },
  MGU3: { x: false, h: false, b: true },
};

/**
 * Minimal gated unit (Zhou et al. 2016, arXiv:1603.09420), and its simplified forms (Heck, Salem 2017,
 * arXiv:1701.03452):
 *
 *     f_t = sigmoid(x_t W_f + h_{t-1} U_f + b_f)          MGU
 *     f_t = sigmoid(h_{t-1} U_f + b_f)                    MGU1
 *     f_t = sigmoid(h_{t-1} U_f)                          MGU2
 *     f_t = sigmoid(b_f)                                  MGU3
 *     n_t = tanh(x_t W_n + (f_t h_{t-1}) U_n + b_n)
 *     h_t = (1 - f_t) h_{t-1} + f_t n_t
 *
 * Parameters: W `[input, 2 hidden]`, U `[hidden, 2 hidden]`, b `[2 hidden]`, in the order f, n; blocks f that a form
 * does not have are left out. State and output: h. Traces: forget, candidate. Places of norm: forget (not in MGU3),
 * candidate. Option: `form` (default MGU). Flax's MGUCell is another network: f acts after the product with U_n, and
 * keeps the old state. Throws a TensorError for an unknown form.
 */
export const mgu = defineCell({
  name: "mgu",
  options: { form: "MGU" as MguForm },
  params({ input, hidden }, { form }) {
    if (!Object.hasOwn(termsOf, form))
      throw new TensorError(`mgu: unknown form ${String(form)}; ${suggestion(String(form), Object.keys(termsOf))}`);
    const columns = (forget: boolean): number => (forget ? 2 : 1) * hidden;
    const { x, h, b } = termsOf[form];
    return {
      W: kernel([input, columns(x)]),
      U: recurrentKernel([hidden, columns(h)]),
      b: bias([columns(b)]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, xt, { sizes, norm, trace, input, recurrent, form }) {
    const { hidden } = sizes;
    const first = (y: Tensor): Tensor => sliceAxis(y, -1, 0, hidden);
    const last = (y: Tensor, two: boolean): Tensor => (two ? sliceAxis(y, -1, hidden, 2 * hidden) : y);
    const has = termsOf[form];

    const xW = input("gates", xt, W);
    const terms = [
      ...(has.x ? [first(xW)] : []),
      ...(has.h ? [recurrent("forget", h, first(U))] : []),
      ...(has.b ? [first(b)] : []),
    ];
    const f = trace("forget", sigmoid(form === "MGU3" ? broadcastTo(first(b), h.shape) : norm("forget", terms)));
    const hU = recurrent("candidate", mul(f, h), last(U, has.h), { source: "kept" });
    const n = trace("candidate", tanh(norm("candidate", [last(xW, has.x), hU, last(b, has.b)])));
    const next = add(mul(sub(1, f), h), mul(f, n));
    return { state: { h: next }, output: "h" };
  },
});
