import type { ExchangedCell } from "./layout.ts";

/** Why a GRU or an LSTM with other activations than the published ones has no counterpart. */
export function otherActivations({ name, options }: ExchangedCell): string | undefined {
  return options["activation"] === "tanh" && options["recurrentActivation"] === "sigmoid"
    ? undefined
    : `the ${name} must have activation tanh and recurrentActivation sigmoid to be exchanged`;
}

/** Why an LSTM with other gates than Gers's of 2000 has no counterpart. */
export function otherGates({ name, options }: ExchangedCell): string | undefined {
  const other = options["peephole"] === true ? "peepholes" : options["coupled"] === true ? "coupled gates" : undefined;
  const form = options["forgetGate"] === false ? "no forget gate" : other;
  return form && `an ${name} with ${form} is a different network without an exact counterpart`;
}
