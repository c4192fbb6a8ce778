import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, sliceAxis, tanh, TensorError, type Tensor } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import { defineCell } from "../definition/define-cell.ts";

/** Whether a {@link miru} has a reset gate (MiRU1) or a constant in its place (MiRU2). */
export type MiruForm = "MiRU1" | "MiRU2";

const forms: readonly MiruForm[] = ["MiRU1", "MiRU2"];

/**
 * MiRU, "minion gated unit": a GRU with a constant for its update gate (doi:10.1016/j.neucom.2026.132847; equations as
 * in torchrecurrent 0.2.5):
 *
 *     r_t = sigmoid(x_t W_r + h_{t-1} U_r + b_r)          MiRU1; r_t = reset in MiRU2
 *     n_t = tanh(x_t W_n + (r_t h_{t-1}) U_n + b_n)
 *     h_t = update h_{t-1} + (1 - update) n_t
 *
 * Parameters: W `[input, 2 hidden]`, U `[hidden, 2 hidden]`, b `[2 hidden]`, in the order r, n; of MiRU2 without r.
 * State and output: h. Traces: reset (MiRU1), candidate. Places of norm: reset (MiRU1), candidate. Options: `form`
 * (default MiRU1), `update` (default 0.5), `reset` (of MiRU2 only, default 0.5). Throws a TensorError for an unknown
 * form, for a number outside [0, 1], and for `reset` in MiRU1.
 */
export const miru = defineCell({
  name: "miru",
  options: { form: "MiRU1" as MiruForm, update: 0.5, reset: undefined as number | undefined },
  params({ input, hidden }, { form, update, reset }) {
    if (!forms.includes(form))
      throw new TensorError(`miru: unknown form ${String(form)}; ${suggestion(String(form), forms)}`);
    if (form === "MiRU1" && reset !== undefined)
      throw new TensorError(`miru: reset ${reset} is a constant of MiRU2; MiRU1 computes its reset, so leave it out`);
    checkCoefficient("update", update);
    if (reset !== undefined) checkCoefficient("reset", reset);
    const gates = form === "MiRU1" ? 2 : 1;
    return {
      W: kernel([input, gates * hidden]),
      U: recurrentKernel([hidden, gates * hidden]),
      b: bias([gates * hidden]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { sizes: { hidden }, norm, trace, input, recurrent, form, update, reset = 0.5 }) {
    const resets = form === "MiRU1";
    const rOf = (y: Tensor): Tensor => sliceAxis(y, -1, 0, hidden);
    const nOf = (y: Tensor): Tensor => (resets ? sliceAxis(y, -1, hidden, 2 * hidden) : y);
    const xW = input("gates", x, W);
    const r = resets ? trace("reset", sigmoid(norm("reset", [rOf(xW), recurrent("reset", h, rOf(U)), rOf(b)]))) : reset;
    const hU = recurrent("candidate", mul(r, h), nOf(U), { source: "reset" });
    const n = trace("candidate", tanh(norm("candidate", [nOf(xW), hU, nOf(b)])));
    const next = add(mul(update, h), mul(1 - update, n));
    return { state: { h: next }, output: "h" };
  },
});

function checkCoefficient(name: string, value: number): void {
  if (!(value >= 0 && value <= 1)) throw new TensorError(`miru: ${name} must lie in [0, 1], got ${String(value)}`);
}
