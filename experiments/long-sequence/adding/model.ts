import {
  chronoInitialization,
  dense,
  gru,
  indRnn,
  lem,
  lstm,
  rnn,
  sequence,
  sequential,
  type Cell,
  type CellSizes,
} from "@sluice/cells";
import { layerNorm } from "@sluice/norm";

export type CellName = "rnn" | "gru" | "lstm" | "indRnn" | "lem";

/** What the factorial varies of a cell. */
interface Factors {
  readonly cell: CellName;
  /** Added to the initial bias of an LSTM's forget gate; other cells have none. */
  readonly forgetBias: number;
  /** Whether the gates begin with time scales up to the length of the sequence. Only for GRU and LSTM. */
  readonly chrono: boolean;
  readonly norm: "none" | "layer";
}

export interface AddingModelOptions extends Factors {
  /** Steps of a sequence. */
  readonly time: number;
  readonly hidden: number;
  readonly layers: number;
}

/** The values and marks of a step. */
const features = 2;

/** Layers over the sequence, and a linear readout of the last state: the sum. */
export function addingModel({ hidden, layers, ...factors }: AddingModelOptions) {
  const stack = Array.from({ length: layers }, (_, layer) =>
    sequence(cellOf({ input: layer === 0 ? features : hidden, hidden }, factors), {
      outputs: layer === layers - 1 ? "last" : "all",
    }),
  );
  return sequential([...stack, dense({ input: hidden, output: 1 })]);
}

function cellOf(
  sizes: CellSizes,
  { cell, time, forgetBias, chrono, norm }: Factors & Pick<AddingModelOptions, "time">,
): Cell {
  const options = { ...sizes, ...(norm === "layer" ? { norm: layerNorm() } : {}) };
  switch (cell) {
    case "rnn":
      return rnn(options);
    case "gru":
      // The update gate keeps the state.
      return chrono ? chronoInitialization(gru(options), { maxTime: time, forget: 1 }) : gru(options);
    case "lstm":
      return chrono
        ? chronoInitialization(lstm(options), { maxTime: time, forget: 1, input: 0 })
        : lstm({ ...options, forgetBias });
    case "indRnn":
      // Of 2^(1/T), the paper's bound, the first two terms of its series.
      return indRnn({ ...options, bound: 1 + Math.LN2 / time });
    case "lem":
      return lem(options);
  }
}
