import { cfc, dense, gru, gruD, lstm, rnnDecay, sequence, sequential, type Cell, type CellSizes } from "@sluice/cells";
import { concat, convert, type Tensor } from "@sluice/tensor";
import type { Stay } from "./stays.ts";

export type CellName = "logistic" | "lstm" | "gru" | "gruSimple" | "gruD" | "rnnDecay" | "cfc";

type RecurrentName = Exclude<CellName, "logistic">;

/** What a model reads of a batch: `x` and what else its cell declares. */
export type Read = {
  readonly x: Tensor;
  readonly lengths?: Tensor;
  readonly mask?: Tensor;
  readonly delta?: Tensor;
  readonly elapsed?: Tensor;
  readonly y: Tensor;
};

interface Reader {
  readonly cell: (sizes: CellSizes) => Cell;
  /** How many features a step has, of so many variables. */
  readonly features: (variables: number) => number;
  readonly read: (stay: Stay) => Read;
}

const alone = ({ x, lengths, y }: Stay): Read => ({ x, lengths, y });
const withMask = ({ x, mask, lengths, elapsed, y }: Stay): Read => ({
  x: concat([x, convert(mask, "f32")], -1),
  lengths,
  elapsed,
  y,
});

const dropout = 0.3;

const readers: { readonly [name in RecurrentName]: Reader } = {
  lstm: { cell: (sizes) => lstm({ ...sizes, recurrentDropout: dropout }), features: (n) => n, read: alone },
  gru: { cell: (sizes) => gru({ ...sizes, recurrentDropout: dropout }), features: (n) => n, read: alone },
  // Che et al.: values, masks and the times since each variable was measured, side by side.
  gruSimple: {
    cell: (sizes) => gru({ ...sizes, recurrentDropout: dropout }),
    features: (n) => 3 * n,
    read: ({ x, mask, delta, lengths, y }) => ({ x: concat([x, convert(mask, "f32"), delta], -1), lengths, y }),
  },
  gruD: {
    cell: (sizes) => gruD({ ...sizes, recurrentDropout: dropout }),
    features: (n) => n,
    read: ({ x, mask, delta, lengths, y }) => ({ x, mask, delta, lengths, y }),
  },
  rnnDecay: {
    cell: (sizes) => rnnDecay({ ...sizes, recurrentDropout: dropout }),
    features: (n) => 2 * n,
    read: withMask,
  },
  cfc: {
    cell: (sizes) => cfc({ ...sizes, backboneUnits: 64, recurrentDropout: dropout }),
    features: (n) => 2 * n,
    read: withMask,
  },
};

/** What the model of a recurrent cell reads of stays. */
export const readingOf = (cell: RecurrentName, stay: Stay): Read => readers[cell].read(stay);

/** One layer over the stay, and a readout of its last state. */
export function recurrentModel({
  cell,
  hidden,
  variables,
}: {
  readonly cell: RecurrentName;
  readonly hidden: number;
  readonly variables: number;
}) {
  const { cell: cellOf, features } = readers[cell];
  return sequential(
    [
      sequence(cellOf({ input: features(variables), hidden }), { outputs: "last" }),
      dense({ input: hidden, output: 2 }),
    ],
    { dropout },
  );
}
