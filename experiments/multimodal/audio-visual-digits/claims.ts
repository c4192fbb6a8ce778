import { alike, all, better, type Claim, type ClaimTest } from "@sluice/study";

const task = "digits";

/** All are our own questions: the pairs were made for this study, and the published order of the modalities was not checked. */
export const claims: readonly Claim[] = [
  {
    text: "With noise in both, a written digit is told more accurately than one spoken by a new speaker.",
    kind: "own",
    test: better({ task, metric: "accuracy", variant: "Image", than: "Sound" }),
  },
  fused("Concatenation", "Concatenation of image and sound"),
  fused("Gated", "Gated fusion of image and sound"),
  {
    text: "If either modality is missing at test, gated fusion is more accurate if modalities were dropped in training.",
    kind: "own",
    test: all(dropped("imageMissing"), dropped("soundMissing")),
  },
  {
    text: "With both modalities, dropping them in training changes the accuracy of gated fusion by less than 1 point.",
    kind: "own",
    test: alike({ task, metric: "accuracy", variant: "Gated, modality dropout", than: "Gated", within: 1 }),
  },
  {
    text: "Averaged over noise in the image from 0 to 2, gated fusion is more accurate than concatenation.",
    kind: "own",
    test: better({ task, metric: "imageNoise", variant: "Gated", than: "Concatenation" }),
  },
  {
    text: "Averaged over noise in the sound from 0 to 2, gated fusion is more accurate than concatenation.",
    kind: "own",
    test: better({ task, metric: "soundNoise", variant: "Gated", than: "Concatenation" }),
  },
];

function fused(variant: string, subject: string): Claim {
  return {
    text: `${subject} is more accurate than either of them alone.`,
    kind: "own",
    test: all(
      better({ task, metric: "accuracy", variant, than: "Image" }),
      better({ task, metric: "accuracy", variant, than: "Sound" }),
    ),
  };
}

function dropped(metric: "imageMissing" | "soundMissing"): ClaimTest {
  return better({ task, metric, variant: "Gated, modality dropout", than: "Gated" });
}
