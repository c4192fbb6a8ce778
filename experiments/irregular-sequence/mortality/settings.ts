import type { CellName } from "./model.ts";
import type { Imputation, View } from "./stays.ts";

/** Settings of the studies of mortality. */
export const settings = {
  cell: "gru" as CellName,
  view: "hourly" as View,
  imputation: "mean" as Imputation,
  /** How many stays of a set to use, from the first. */
  stays: 4000,
  hidden: 64,
  batch: 64,
  /** At most; training ends after `patience` validations without a better AUROC. */
  epochs: 40,
  patience: 8,
  learningRate: 1e-3,
  clip: 5,
  logEvery: 10,
  /** Steps between validations; 40 are an epoch of set A's training stays. */
  validateEvery: 40,
};

/** The models of both studies. */
export const variants = {
  "Logistic regression": { cell: "logistic" },
  "LSTM-mean": { cell: "lstm" },
  "GRU-mean": { cell: "gru" },
  "GRU-forward": { cell: "gru", imputation: "forward" },
  "GRU-simple": { cell: "gruSimple" },
  "GRU-D": { cell: "gruD" },
  "GRU-D, event times": { cell: "gruD", view: "events" },
  "RNN-decay, event times": { cell: "rnnDecay", view: "events" },
  "CfC, event times": { cell: "cfc", view: "events" },
} as const;
