import { mul, sigmoid, split, sub } from "@sluice/tensor";
import { bias, kernel } from "@sluice/params";
import { activationOf, type Activation } from "../options/activations.ts";
import { defineAssociativeCell } from "../definition/define-associative-cell.ts";
import { linearRecurrence } from "../definition/recurrences.ts";
import { positive } from "./positive.ts";

/**
 * Minimal gated recurrent unit (Feng et al. 2024, "Were RNNs All We Needed?", arXiv:2410.01201): a GRU whose gates
 * depend on the input alone, so that the step is linear in the state.
 *
 *     z_t = sigmoid(x_t W_z + b_z)
 *     n_t = g(x_t W_n + b_n)           g(x) = x + 1/2 for x >= 0, sigmoid(x) below
 *     h_t = (1 - z_t) h_{t-1} + z_t n_t
 *
 * z is the share of the new candidate, as in the paper; {@link gru} has it the other way round. Parameters: W `[input,
 * 2 hidden]`, b `[2 hidden]`, gates in the order z, n. State and output: h. Traces: update, candidate. Place of norm:
 * gates. Options: `activation`, by default the paper's g; `"linear"` gives the form of the paper's section 3.1.3.
 */
export const minGru = defineAssociativeCell({
  name: "minGru",
  options: { activation: positive as Activation },
  params: ({ input, hidden }) => ({ W: kernel([input, 2 * hidden]), b: bias([2 * hidden]) }),
  state: ({ hidden }) => ({ h: [hidden] }),
  recurrence: linearRecurrence("h"),
  elements({ W, b }, x, { norm, trace, input, activation }) {
    const [z1, n1] = split(norm("gates", [input("gates", x, W), b]), 2);
    const z = trace("update", sigmoid(z1));
    const n = trace("candidate", activationOf(activation)(n1));
    return { a: sub(1, z), b: mul(z, n) };
  },
});
