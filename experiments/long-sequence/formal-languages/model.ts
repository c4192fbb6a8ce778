import { deltaNet, dense, gru, lstm, rnn, sequence, sequential, type Cell, type CellSizes } from "@sluice/cells";

export type CellName = "rnn" | "gru" | "lstm" | "deltaNet";

export interface LanguageModelOptions {
  readonly cell: CellName;
  readonly symbols: number;
  readonly answers: number;
  readonly hidden: number;
  /** Width of a head of a delta network. */
  readonly headWidth: number;
  /** The largest beta of a delta network: above 1, a factor of its state may be negative. */
  readonly betaLimit: number;
}

/** One layer over the string, and a softmax readout at every step. */
export function languageModel({ cell, symbols, answers, hidden, headWidth, betaLimit }: LanguageModelOptions) {
  const sizes: CellSizes = { input: symbols, hidden };
  const cells: { readonly [name in CellName]: () => Cell } = {
    rnn: () => rnn(sizes),
    gru: () => gru(sizes),
    lstm: () => lstm(sizes),
    deltaNet: () => deltaNet({ ...sizes, heads: hidden / headWidth, betaLimit }),
  };
  return sequential([sequence(cells[cell]()), dense({ input: hidden, output: answers })]);
}
