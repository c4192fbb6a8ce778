import type { Anchor } from "@sluice/study";

const published = {
  chorales: { LSTM: 8.45, GRU: 8.43, RNN: 8.91 },
  tunes: { LSTM: 3.29, GRU: 3.46, RNN: 4.05 },
} as const;

/** Polyphonic music in the paper's table of recurrent networks. */
export const anchors: readonly Anchor[] = Object.entries(published).flatMap(([task, values]) =>
  Object.entries(values).map(([variant, value]) => ({
    task,
    variant,
    metric: "nll",
    value,
    source: "Bai et al. 2018, table 1",
    setting:
      "of the sizes only the LSTM’s on the chorales is given, 2 layers of 200, with dropout 0.2 and clipping at 1; optimizer, rate, batch and stopping are not",
    sameSetting: false,
  })),
);
