import { bidirectional, gru, gruD, lstm, sequence, type Layer } from "@sluice/cells";
import { toPyTorch } from "@sluice/exchange";
import { key, tensor, type Tree } from "@sluice/tensor";
import { sizeOf } from "@sluice/tensor/internal";
import { numbers, under, type Named } from "./data.ts";

/** Forward and backward over one batch of rows of unequal lengths, as events at their own times are. */
export interface EventsCase {
  readonly kind: "events";
  readonly cell: EventsCell;
  readonly input: number;
  readonly hidden: number;
  readonly batch: number;
  /** The fewest and the most events of a row. */
  readonly shortest: number;
  readonly longest: number;
  readonly rows: RowsOfEvents;
}

type EventsCell = "gru" | "lstm" | "bidirectional" | "gruD";

/**
 * How rows come: with their lengths, the longest first or in any order; padded to the longest, so that every step is
 * computed; or packed by PyTorch, in any order.
 */
export type RowsOfEvents = "sorted" | "unsorted" | "padded" | "packed";

/** The 37 variables, and the 64 rows, are those of a batch of PhysioNet 2012. */
const shared = { kind: "events", input: 37, hidden: 64, batch: 64, shortest: 2, longest: 200 } as const;

export const eventsCases: readonly EventsCase[] = (["gru", "lstm", "bidirectional", "gruD"] as const).map((cell) => ({
  ...shared,
  cell,
  rows: "unsorted",
}));

export const idOfEvents = ({ cell, batch, longest, input, hidden }: EventsCase): string =>
  `events ${cell}/${batch}x${longest}x${input}x${hidden}`;

/** The layer of a case, with outputs at every step. */
export function eventsLayer({ cell, input, hidden }: EventsCase): Layer {
  switch (cell) {
    case "gru":
      return sequence(gru({ input, hidden }));
    case "lstm":
      return sequence(lstm({ input, hidden, biases: 2 }));
    case "bidirectional":
      return bidirectional(gru({ input, hidden }));
    case "gruD":
      return sequence(gruD({ input, hidden }));
  }
}

/** The weights that every contender begins with. */
export const eventsWeights = (of: EventsCase): Tree => eventsLayer(of).init(key(1));

/** The lengths of the rows: each as likely as any other, and the fewest and the most once at least. */
export function eventsLengths({ batch, shortest, longest, rows }: EventsCase): number[] {
  const random = numbers(3);
  const lengths = Array.from(
    { length: batch },
    () => shortest + Math.floor(((random() + 1) / 2) * (longest - shortest + 1)),
  );
  lengths[Math.floor(batch / 3)] = longest;
  lengths[Math.floor(batch / 2)] = shortest;
  return rows === "sorted" ? lengths.toSorted((a, b) => b - a) : lengths;
}

/**
 * `x`, `extra.mask` and `extra.delta` `[batch, time, input]`; `g` `[batch, time, features]`, the gradient that arrives at the
 * output, 0 beyond a row's length; `lengths` i32 `[batch]`; `torch.weight_ih_l0`, ..., where PyTorch has the layer.
 * About a fifth of the values is observed.
 */
export function eventsData(of: EventsCase): Named {
  const { batch, longest: time, input, cell } = of;
  const layer = eventsLayer(of);
  const lengths = eventsLengths(of);
  const random = numbers(1);
  const filled = (width: number, value: () => number) => {
    const values = Float32Array.from({ length: sizeOf([batch, time, width]) }, (_, i) => {
      const drawn = value();
      return Math.floor(i / width) % time < (lengths[Math.floor(i / width / time)] ?? 0) ? drawn : 0;
    });
    return tensor(values, [batch, time, width]);
  };
  return {
    ...(cell === "gruD" ? {} : under("torch", toPyTorch(layer, eventsWeights(of)))),
    x: filled(input, random),
    "extra.mask": filled(input, () => Number(random() > 0.6)),
    "extra.delta": filled(input, () => 1 + random()),
    g: filled(layer.features, random),
    lengths: tensor(lengths, [batch], { dtype: "i32" }),
  };
}
