import { dense, gru, lstm, rnn, sequence, sequential, type Cell, type CellSizes } from "@sluice/cells";

export type CellName = "rnn" | "gru" | "lstm";

const cells: { readonly [name in CellName]: (sizes: CellSizes) => Cell } = { rnn, gru, lstm };

/** Keys of a piano. */
const keys = 88;

/** Layers over the piece, with dropout between them and before the readout: which keys sound at the next step. */
export function musicModel({
  cell,
  hidden,
  layers,
  dropout,
}: {
  readonly cell: CellName;
  readonly hidden: number;
  readonly layers: number;
  readonly dropout: number;
}) {
  const stack = Array.from({ length: layers }, (_, layer) =>
    sequence(cells[cell]({ input: layer === 0 ? keys : hidden, hidden })),
  );
  return sequential([...stack, dense({ input: hidden, output: keys })], { dropout });
}
