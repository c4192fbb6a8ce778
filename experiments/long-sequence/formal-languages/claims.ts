import { alike, better, reaches, type Claim } from "@sluice/study";
import { source } from "./anchors.ts";

/** A rule that is learned gives about 100 %, and guessing 50 or 20 %. */
const learned = 90;

const generalizes = (task: "parity" | "modular arithmetic", variant: string): Claim => ({
  text: `On ${task}, the mean accuracy of the ${variant} on longer strings is above ${learned} % (${source}: 100 % with the best seed and rate).`,
  kind: "ordering",
  test: reaches({ task, metric: "accuracy", variant, value: learned }),
});

export const claims: readonly Claim[] = [
  generalizes("parity", "LSTM"),
  generalizes("parity", "RNN"),
  generalizes("modular arithmetic", "LSTM"),
  {
    text: "On parity, a delta network whose beta goes to 2, so that factors of its state may be negative, is more accurate on longer strings than one whose beta goes to 1 (asked after Grazzi et al. 2024).",
    kind: "own",
    test: better({ task: "parity", metric: "accuracy", variant: "DeltaNet, beta to 2", than: "DeltaNet" }),
  },
  {
    text: `On reverse string, the accuracies of LSTM and RNN on longer strings differ by less than 5 % (${source}: 60.9 and 62.0 %).`,
    kind: "ordering",
    test: alike({ task: "reverse string", metric: "accuracy", variant: "LSTM", than: "RNN", within: 5 }),
  },
  {
    text: `On duplicate string, an LSTM is more accurate on longer strings than an RNN (${source}).`,
    kind: "ordering",
    test: better({ task: "duplicate string", metric: "accuracy", variant: "LSTM", than: "RNN" }),
  },
];
