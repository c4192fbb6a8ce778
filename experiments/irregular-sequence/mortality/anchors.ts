import type { Anchor } from "@sluice/study";

const published: readonly (readonly [variant: string, auroc: number, spread?: string])[] = [
  ["Logistic regression", 0.7625],
  ["LSTM-mean", 0.8025, "±0.013 over 5 folds"],
  ["GRU-mean", 0.8195, "±0.004 over 5 folds"],
  ["GRU-forward", 0.8162, "±0.014 over 5 folds"],
  ["GRU-simple", 0.8155, "±0.004 over 5 folds"],
  ["GRU-D", 0.8424, "±0.012 over 5 folds"],
];

/** Mortality on set A in the paper's table of AUROC. */
export const anchors: readonly Anchor[] = published.map(([variant, value, spread]) => ({
  task: "mortality",
  variant,
  metric: "auroc",
  value,
  ...(spread === undefined ? {} : { spread }),
  source: "Che et al. 2016 (GRU-D), table 2",
  setting:
    "33 variables instead of 37, hourly, 64 units, Adam, batch normalization before the readout; their logistic regression reads other features",
  sameSetting: false,
}));
