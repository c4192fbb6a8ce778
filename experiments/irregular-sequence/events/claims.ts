import { better, median, type Claim, type Results } from "@sluice/study";
import { likeLengths, perEpoch, sameLength } from "./padding.ts";

const moreAccurate = (variant: string, than: string): Claim => ({
  text: `From events, ${variant} is more accurate than ${than} (Hasani et al. 2022, table 4).`,
  test: better({ task: "events", metric: "accuracy", variant, than }),
});

export const claims: readonly Claim[] = [
  moreAccurate("GRU-D", "LSTM"),
  moreAccurate("LSTM", "RNN-decay"),
  moreAccurate("GRU-D", "RNN-decay"),
  { text: "An epoch in batches of like lengths takes less time than one in which every stream is padded to 32 steps (no paper's claim, and timed on this machine).", test: takesLessTime },
];

/** Of every trial, as each has timed both epochs. */
function takesLessTime(results: Results): ReturnType<Claim["test"]> {
  const timed = results.variants.flatMap((variant) => {
    const epochs = results.series({ task: "events", variant, name: perEpoch }).flatMap(({ series: { lines } }) => {
      const [padded, like] = [lines[sameLength]?.at(-1), lines[likeLengths]?.at(-1)];
      return padded === undefined || like === undefined ? [] : [{ padded, like, times: padded / like }];
    });
    return epochs.length === 0 ? [] : [{ variant, epochs }];
  });
  if (timed.length === 0) return { verdict: "undecided", because: "No trial has timed its epochs" };
  const ratios = timed.flatMap(({ epochs }) => epochs.map(({ times }) => times));
  const shown = timed.map(({ variant, epochs }) => {
    const middle = (of: "padded" | "like" | "times", digits = 0): string => median(epochs.map((epoch) => epoch[of])).toFixed(digits);
    return `${variant} ${middle("padded")} against ${middle("like")} ms (${middle("times", 1)} times)`;
  });
  return {
    verdict: ratios.every((times) => times > 1) ? "reproduced" : ratios.every((times) => times <= 1) ? "not reproduced" : "undecided",
    because: `Padded against like lengths, an epoch takes ${shown.join(", ")}; in single trials, ${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)} times`,
  };
}
