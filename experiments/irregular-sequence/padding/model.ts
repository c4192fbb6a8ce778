import { dense, gru, lstm, sequence, sequential, type Cell, type CellSizes } from "@sluice/cells";
import { iota, less, reshape, type ArrayTensor } from "@sluice/tensor";
import type { ModelOptions } from "@sluice/trials";
import { features, type Series } from "./series.ts";

export type CellName = "gru" | "lstm";

const cells: { readonly [name in CellName]: (sizes: CellSizes) => Cell } = { gru, lstm };

/** What a model reads of a batch. */
export type Seen = Omit<Series, "y">;

/**
 * One layer and a readout of its last state. Told the lengths, it may skip the steps beyond them. Otherwise it computes
 * every step, and a mask keeps the state from changing in the padding.
 */
export function seriesModel({
  cell,
  hidden,
  lengths: told,
}: {
  readonly cell: CellName;
  readonly hidden: number;
  readonly lengths: boolean;
}) {
  const layer = sequential([
    sequence(cells[cell]({ input: features, hidden }), { outputs: "last" }),
    dense({ input: hidden, output: 2 }),
  ]);
  type Params = ReturnType<typeof layer.init>;
  return {
    init: (key: ArrayTensor): Params => layer.init(key),
    /** Logits `[series, 2]`. */
    apply(params: Params, { x, lengths }: Seen, options: ModelOptions = {}) {
      const mask = less(iota([1, x.shape[1] ?? 0]), reshape(lengths, [x.shape[0] ?? 0, 1]));
      return layer.apply(params, x, { ...options, ...(told ? { lengths } : { mask }) });
    },
  };
}
