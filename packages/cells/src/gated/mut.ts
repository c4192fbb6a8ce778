import { bias, kernel, recurrentKernel } from "@sluice/params";
import { add, mul, sigmoid, split, sub, tanh, TensorError, type Tensor } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";
import { defineCell } from "../definition/define-cell.ts";

/** One of the three architectures of {@link mut}. */
export type MutForm = "MUT1" | "MUT2" | "MUT3";

const forms: readonly MutForm[] = ["MUT1", "MUT2", "MUT3"];

/**
 * The three cells that a search over 10,000 mutations of the GRU found best (Jozefowicz et al. 2015, PMLR 37,
 * 2342-2350):
 *
 *     z_t = sigmoid(x_t W_z + b_z)                                 MUT1
 *     z_t = sigmoid(x_t W_z + h_{t-1} U_z + b_z)                   MUT2
 *     z_t = sigmoid(x_t W_z + tanh(h_{t-1}) U_z + b_z)             MUT3
 *     r_t = sigmoid(x_t W_r + h_{t-1} U_r + b_r)                   MUT2: x_t for x_t W_r
 *     n_t = tanh(x_t W_n + (r_t h_{t-1}) U_n + b_n)                MUT1: tanh(x_t) for x_t W_n
 *     h_t = z_t n_t + (1 - z_t) h_{t-1}
 *
 * Where the paper adds x_t itself, the input must be as wide as the state. By default that place has a matrix too,
 * `tanh(x_t W_n)` in MUT1 and `x_t W_r` in MUT2, so that any width will do; `bareInput: true` is the paper's.
 *
 * Parameters: W `[input, 3 hidden]`, b `[3 hidden]` in the order z, r, n; U `[hidden, 3 hidden]`, of MUT1 without z; W
 * of a bare input without the block that x_t replaces. State and output: h. Traces: update, reset, candidate. Places of
 * norm: update, reset, candidate. Options: `form` (default MUT1), `bareInput` (default false). Throws a TensorError for
 * an unknown form, and for a bare input in MUT3 or of another width than the state.
 */
export const mut = defineCell({
  name: "mut",
  options: { form: "MUT1" as MutForm, bareInput: false },
  params({ input, hidden }, { form, bareInput }) {
    if (!forms.includes(form))
      throw new TensorError(`mut: unknown form ${String(form)}; ${suggestion(String(form), forms)}`);
    if (bareInput && form === "MUT3")
      throw new TensorError("mut: MUT3 has a matrix at every product of the input; leave bareInput out");
    if (bareInput && input !== hidden)
      throw new TensorError(
        `mut: bareInput adds the input to preactivations, so input ${input} must equal hidden ${hidden}; otherwise leave it out`,
      );
    return {
      W: kernel([input, (bareInput ? 2 : 3) * hidden]),
      U: recurrentKernel([hidden, (form === "MUT1" ? 2 : 3) * hidden]),
      b: bias([3 * hidden]),
    };
  },
  state: ({ hidden }) => ({ h: [hidden] }),
  step({ W, U, b }, { h }, x, { norm, trace, input, recurrent, form, bareInput }) {
    const xW = input("gates", x, W);
    const [xz, xr, xn] = bareInput ? aroundBare(form, x, split(xW, 2)) : split(xW, 3);
    const [Uz, Ur, Un] = form === "MUT1" ? [undefined, ...split(U, 2)] : split(U, 3);
    const [bz, br, bn] = split(b, 3);

    const seen = form === "MUT3" ? tanh(h) : h;
    const hUz = Uz === undefined ? [] : [recurrent("update", seen, Uz, { source: form === "MUT3" ? "squashed" : "" })];
    const z = trace("update", sigmoid(norm("update", [xz, ...hUz, bz])));
    const r = trace("reset", sigmoid(norm("reset", [xr, recurrent("reset", h, Ur), br])));
    const hUn = recurrent("candidate", mul(r, h), Un, { source: "reset" });
    const n = trace("candidate", tanh(norm("candidate", [form === "MUT1" ? tanh(xn) : xn, hUn, bn])));
    const next = add(mul(z, n), mul(sub(1, z), h));
    return { state: { h: next }, output: "h" };
  },
});

/** The input's part of z, r and n, one of which is the input itself. */
const aroundBare = (form: MutForm, x: Tensor, [z, other]: readonly [Tensor, Tensor]): [Tensor, Tensor, Tensor] =>
  form === "MUT1" ? [z, other, x] : [z, x, other];
