import { dense, gru, lstm, rnn, sequence, sequential, type Cell, type CellSizes } from "@sluice/cells";

export type CellName = "rnn" | "gru" | "lstm";

const cells: { readonly [name in CellName]: (sizes: CellSizes) => Cell } = { rnn, gru, lstm };

/** The gates of each cell, by the names of their traces. */
export const gates: { readonly [name in CellName]: readonly string[] } = {
  rnn: [],
  gru: ["reset", "update"],
  lstm: ["input", "forget", "output"],
};

/** One layer over the sequence, and a softmax readout of its last state. Every cell uses its own defaults. */
export function digitModel({
  cell,
  input,
  hidden,
}: {
  readonly cell: CellName;
  readonly input: number;
  readonly hidden: number;
}) {
  return sequential([
    sequence(cells[cell]({ input, hidden }), { outputs: "last" }),
    dense({ input: hidden, output: 10 }),
  ]);
}
