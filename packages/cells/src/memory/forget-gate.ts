/** The forget gates of xLSTM (arXiv:2405.04517), which enter by their logarithms. */
import { bias, type Initializer, type ParameterSpec } from "@sluice/params";
import { logSigmoid, TensorError, type Tensor } from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";

/** The paper gives a choice: the sigmoid of the preactivation, or its exponential. */
export type XlstmForgetGate = "sigmoid" | "exponential";

/** An error where a forget gate is neither of the two. */
export function checkForgetGate(cell: string, gate: XlstmForgetGate): void {
  const gates = ["sigmoid", "exponential"];
  if (!gates.includes(gate))
    throw new TensorError(`${cell}: unknown forgetGate ${String(gate)}; ${suggestion(String(gate), gates)}`);
}

/** log f of the preactivation: that of a sigmoid, without overflow, or of an exponential, the preactivation itself. */
export const logForget = (gate: XlstmForgetGate, f: Tensor): Tensor => (gate === "sigmoid" ? logSigmoid(f) : f);

/** Which elements of a bias are the forget gate's, and how many of them make a head or are spread over the heads. */
interface ForgetPart {
  readonly start: number;
  readonly stop: number;
  readonly group: number;
}

/**
 * A bias `[count]` whose forget gate begins open: its elements are evenly spaced from 3 to 6 within each group, as in
 * the authors' code (xlstm 2.0.6). The others are drawn by `initializer`.
 */
export const openBias = (count: number, { start, stop, group }: ForgetPart, initializer: Initializer): ParameterSpec =>
  bias([count], {
    initializer(key, shape, sizes) {
      const drawn = initializer(key, shape, sizes);
      for (let at = start; at < stop; at++) drawn.data[at] = 3 + (3 * ((at - start) % group)) / Math.max(group - 1, 1);
      return drawn;
    },
  });
