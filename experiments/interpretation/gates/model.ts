import { dense, gru, lstm, mgu, sequence, sequential, type Cell, type CellSizes } from "@sluice/cells";
import { sub, type Tensor } from "@sluice/tensor";

export type CellName = "gru" | "gruWithoutReset" | "mgu" | "lstm";

/** A cell, and what its gates do. */
interface Gated {
  readonly cell: (sizes: CellSizes) => Cell;
  /** All gates, by the names of their traces. */
  readonly gates: readonly string[];
  /** The gate that decides how much of the state is kept, and the share that is kept by its value. */
  readonly keeping: string;
  readonly kept: (gate: Tensor) => Tensor;
  /** The gate that only decides how much of the state is read, if there is one. */
  readonly reading?: string;
}

const asItIs = (gate: Tensor): Tensor => gate;

export const gatedCells: { readonly [name in CellName]: Gated } = {
  gru: { cell: gru, gates: ["update", "reset"], keeping: "update", kept: asItIs, reading: "reset" },
  gruWithoutReset: {
    cell: (sizes) => gru({ ...sizes, reset: "none" }),
    gates: ["update"],
    keeping: "update",
    kept: asItIs,
  },
  // f replaces the state, and also decides how much of it the candidate reads.
  mgu: { cell: mgu, gates: ["forget"], keeping: "forget", kept: (f) => sub(1, f) },
  lstm: { cell: lstm, gates: ["forget", "input", "output"], keeping: "forget", kept: asItIs, reading: "output" },
};

export type GatedModel = ReturnType<typeof gatedModel>;
export type Weights = ReturnType<GatedModel["init"]>;

/** One layer over the sequence, and a linear readout. */
export function gatedModel({
  cell,
  ...sizes
}: {
  readonly cell: CellName;
  readonly input: number;
  readonly hidden: number;
  readonly output: number;
  readonly outputs: "all" | "last";
}) {
  const { input, hidden, output, outputs } = sizes;
  return sequential([
    sequence(gatedCells[cell].cell({ input, hidden }), { outputs }),
    dense({ input: hidden, output }),
  ]);
}
