import type { Anchor } from "@sluice/study";

export const source = "Deletang et al. 2023";

const published = {
  parity: { RNN: 100, LSTM: 100 },
  "modular arithmetic": { RNN: 100, LSTM: 100 },
  "reverse string": { RNN: 62, LSTM: 60.9 },
  "duplicate string": { RNN: 50.3, LSTM: 57.6 },
} as const;

/** The accuracies of the paper, each the best of several seeds and learning rates. */
export const anchors: readonly Anchor[] = Object.entries(published).flatMap(([task, values]) =>
  Object.entries(values).map(([variant, value]) => ({
    task,
    variant,
    metric: "accuracy",
    value,
    source,
    setting:
      "the best of all seeds and learning rates, not the mean; 256 units, batches of 128, Adam, clipping at 1, every length from 41 to 500",
    sameSetting: false,
  })),
);
