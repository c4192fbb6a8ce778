import { better, type Claim, type Results } from "@sluice/study";
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

/** Of every trial, as each has timed both epochs in turns. */
function takesLessTime(results: Results): ReturnType<Claim["test"]> {
  const ratios = results.variants.flatMap((variant) => {
    const own = results.series({ task: "events", variant, name: perEpoch }).flatMap(({ series: { lines } }) => {
      const [padded, like] = [lines[sameLength]?.at(-1), lines[likeLengths]?.at(-1)];
      return padded === undefined || like === undefined ? [] : [padded / like];
    });
    return own.length === 0 ? [] : [{ variant, low: Math.min(...own), high: Math.max(...own) }];
  });
  if (ratios.length === 0) return { verdict: "undecided", because: "no trial has timed its epochs" };
  const shown = ({ variant, low, high }: (typeof ratios)[number]): string => `${variant} ${low.toFixed(1)}${high.toFixed(1) === low.toFixed(1) ? "" : ` to ${high.toFixed(1)}`}`;
  return {
    verdict: ratios.every(({ low }) => low > 1) ? "reproduced" : ratios.every(({ high }) => high <= 1) ? "not reproduced" : "undecided",
    because: `The padded epoch takes this many times as long: ${ratios.map(shown).join(", ")}`,
  };
}
