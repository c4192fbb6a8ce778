import type { Anchor } from "@sluice/study";

/** The adding problem over 600 steps in the paper's table of recurrent networks. */
export const published = { GRU: 5.3e-5, LSTM: 0.164, RNN: 0.177 } as const;

export const source = "Bai et al. 2018, table 1";

export const anchors: readonly Anchor[] = Object.entries(published).map(([variant, value]) => ({
  task: "long",
  variant,
  metric: "mse",
  value,
  source,
  setting:
    "600 steps, about 70,000 parameters; the LSTM has 1 layer of 130, clipping at 5 and a forget bias of 1; the rate, the batch and the number of steps are not given",
  sameSetting: { budgets: ["paper"] },
}));
