import { dense, gru, lstm, mgu, rnn, sequence, sequential, ugrnn, type Cell, type CellSizes } from "@sluice/cells";

export type CellName = "rnn" | "ugrnn" | "gru" | "mgu" | "lstm";

const cells: { readonly [name in CellName]: (sizes: CellSizes) => Cell } = { rnn, ugrnn, gru, mgu, lstm };

export type Network = ReturnType<typeof flipFlopModel>;
export type Weights = ReturnType<Network["model"]["init"]>;

/** One layer over the pulses, and a linear readout of every bit at every step. */
export function flipFlopModel({
  cell: name,
  hidden,
  bits,
}: {
  readonly cell: CellName;
  readonly hidden: number;
  readonly bits: number;
}) {
  const cell = cells[name]({ input: bits, hidden });
  const [layer, readout] = [sequence(cell), dense({ input: hidden, output: bits })];
  return {
    cell,
    layer,
    readout,
    model: sequential([layer, readout]),
    /** The same weights, with the outputs after the last step only. */
    atTheEnd: sequential([sequence(cell, { outputs: "last" }), readout]),
  };
}
