import { alike, meanTest, sampleMean, type Claim, type ClaimTest } from "@sluice/study";
import { moreAccurateByClip } from "./by-clip.ts";

const task = "mosi";

/**
 * The published table of these features was not checked, so all claims are our own questions. Similar models had been
 * tried on the test clips before these were written: they explore.
 */
export const claims: readonly Claim[] = [
  {
    text: "From text, an LSTM over the utterances of a clip is more accurate than a logistic regression of each utterance.",
    kind: "own",
    test: moreAccurateByClip({ task, variant: "Text", than: "Logistic regression, text" }),
  },
  beyondText("All, gated", "Gated fusion of text, audio and video"),
  beyondText("All, concatenation", "Concatenation of text, audio and video"),
  {
    text: "Gated fusion of text, audio and video is more accurate than their concatenation.",
    kind: "own",
    test: moreAccurateByClip({ task, variant: "All, gated", than: "All, concatenation" }),
  },
  {
    text: "Gated fusion of audio and video is more accurate than audio alone.",
    kind: "own",
    test: moreAccurateByClip({ task, variant: "Audio + video, gated", than: "Audio" }),
  },
  {
    text: "If the text is missing at test, gated fusion is more accurate if modalities were dropped in training.",
    kind: "own",
    test: moreAccurateByClip({
      task,
      variant: "All, gated, modality dropout",
      than: "All, gated",
      where: "text missing",
    }),
  },
  {
    text: "With all modalities, dropping them in training changes the accuracy of gated fusion by less than 2 points.",
    kind: "own",
    test: alike({ task, metric: "accuracy", variant: "All, gated, modality dropout", than: "All, gated", within: 2 }),
  },
  {
    text: "If the epoch were chosen on the test set, gated fusion would look at least 1 point more accurate.",
    kind: "own",
    test: selectionAdds("All, gated", 1),
  },
];

function beyondText(variant: string, subject: string): Claim {
  return {
    text: `${subject} is more accurate than text alone.`,
    kind: "own",
    test: moreAccurateByClip({ task, variant, than: "Text" }),
  };
}

/** Tests that the best epoch by the test set is better than the fixed one by at least some points, over seeds. */
function selectionAdds(variant: string, points: number): ClaimTest {
  return (results) => {
    const of = (metric: string): number[] => results.values({ task, variant, metric }).map(({ value }) => value);
    const fixed = of("accuracy");
    const gains = of("chosenOnTest").map((value, seed) => value - (fixed[seed] ?? Number.NaN));
    if (gains.length < Math.max(5, results.of({ task, variant }).length))
      return { verdict: "undecided", because: `${gains.length} seeds are done; needs all, and at least 5` };
    const [gain, p] = [sampleMean(gains), meanTest(gains, points)];
    return {
      verdict: p >= 0.05 ? "undecided" : gain > points ? "reproduced" : "not reproduced",
      because: `The best epoch by the test set adds ${gain.toFixed(1)} points on average over ${gains.length} seeds, compared with ${points}, p = ${p.toPrecision(2)}`,
      p,
    };
  };
}
