import { better, type Claim } from "@sluice/study";

const ranksBetter = (variant: string, than: string, from: string, kind: Claim["kind"] = "ordering"): Claim => ({
  text: `On set A, ${variant} has a higher AUROC than ${than} (${from}).`,
  kind,
  test: better({ task: "mortality", metric: "auroc", variant, than }),
});

const che = "Che et al. 2016, table 2";
const own = "our own question";

/** Set A had been looked at before these were written: they explore, and set B confirms one (mortality-b). */
export const claims: readonly Claim[] = [
  ranksBetter("GRU-D", "GRU-mean", che),
  ranksBetter("GRU-D", "GRU-forward", che),
  ranksBetter("GRU-D", "GRU-simple", che),
  ranksBetter("GRU-mean", "LSTM-mean", che),
  ranksBetter("GRU-D", "Logistic regression", che),
  ranksBetter("GRU-D, event times", "GRU-D", own, "own"),
  ranksBetter("CfC, event times", "RNN-decay, event times", own, "own"),
];
