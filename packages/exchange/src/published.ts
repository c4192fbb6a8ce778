import type { ExchangedCell } from "./layout.ts";

/** Why a GRU or an LSTM with other activations than the published ones has no counterpart. */
export function otherActivations({ name, options }: ExchangedCell): string | undefined {
  return options["activation"] === "tanh" && options["recurrentActivation"] === "sigmoid"
    ? undefined
    : `the ${name} must have activation tanh and recurrentActivation sigmoid to be exchanged`;
}
