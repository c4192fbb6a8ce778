import { cfc, dense, gru, gruD, lstm, sequence, sequential, type Cell } from "@sluice/cells";
import { concat, onesLike, relu, zerosLike, type ArrayTensor, type Tensor } from "@sluice/tensor";
import type { ModelOptions } from "@sluice/trials";
import { authorsRnnDecay } from "./authors-rnn-decay.ts";

export type CellName = "lstm" | "gru" | "rnnDecay" | "gruD" | "cfc";

/** The model's view of a batch of event streams. A type alias, not an interface, so that it is a tree of tensors. */
export type Events = {
  /** The bit, `[batch, time, 1]`. */
  readonly x: Tensor;
  /** Time since the last event, `[batch, time, 1]`. */
  readonly elapsed: Tensor;
  /** The number of events of each stream, i32 `[batch]`. */
  readonly lengths: Tensor;
};

/** How a cell gets the time: as an additional input feature, or as an extra input. */
interface Reader {
  readonly cell: (hidden: number) => Cell;
  readonly read: (events: Events) => { readonly x: Tensor; readonly extra?: Readonly<Record<string, Tensor>> };
  /** The name of its trace with the fraction of the state that is kept. */
  readonly kept?: string;
}

const timeAsInput = ({ x, elapsed }: Events) => ({ x: concat([x, elapsed], -1) });

const readers: { readonly [name in CellName]: Reader } = {
  lstm: { cell: (hidden) => lstm({ input: 2, hidden }), read: timeAsInput },
  gru: { cell: (hidden) => gru({ input: 2, hidden }), read: timeAsInput },
  rnnDecay: {
    cell: (hidden) => authorsRnnDecay({ input: 1, hidden }),
    read: ({ x, elapsed }) => ({ x, extra: { elapsed } }),
  },
  gruD: {
    cell: (hidden) => gruD({ input: 1, hidden, means: [0.5] }),
    // Every event is observed, so the time since the last observation is the time since the last event.
    read: ({ x, elapsed }) => ({ x, extra: { mask: onesLike(x), delta: elapsed } }),
    kept: "hiddenDecay",
  },
  cfc: {
    // The backbone of the authors' setting for this task: 128 units, ReLU.
    cell: (hidden) => cfc({ input: 1, hidden, backboneUnits: 128, backboneActivation: relu }),
    read: ({ x, elapsed }) => ({ x, extra: { elapsed } }),
  },
};

/**
 * One layer over the events, and a readout of the state after the last one: a single logit, as in the authors' code.
 * Beside a logit of 0 for even, the softmax of both is its sigmoid. Every cell uses its own defaults.
 */
export function eventModel({ cell, hidden }: { readonly cell: CellName; readonly hidden: number }) {
  const { cell: cellOf, read, kept } = readers[cell];
  const layer = sequence(cellOf(hidden), { outputs: "last" });
  const model = sequential([layer, dense({ input: hidden, output: 1 })]);
  type Params = Parameters<typeof model.apply>[0];
  const run = (params: Params, events: Events, options: ModelOptions & { readonly traces?: readonly string[] }) => {
    const { x, extra } = read(events);
    return model.apply(params, x, { ...options, lengths: events.lengths, ...(extra === undefined ? {} : { extra }) });
  };
  return {
    init: (key: ArrayTensor): Params => model.init(key),
    /** Logits `[batch, 2]`. */
    apply(params: Params, events: Events, options: ModelOptions = {}) {
      const { output: odd, ...rest } = run(params, events, options);
      return { ...rest, output: concat([zerosLike(odd), odd], -1) };
    },
    /**
     * The factors by which the state is multiplied before each event, `[batch, time, hidden]`; undefined for a cell
     * that gets the time as an input feature.
     */
    kept(params: Params, events: Events): Tensor | undefined {
      if (kept === undefined) return undefined;
      const name = `0.${kept}`;
      return run(params, events, { traces: [name] }).traces[name];
    },
  };
}
