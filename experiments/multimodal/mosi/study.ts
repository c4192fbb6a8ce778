import { mosi } from "@sluice/data";
import { study, type Metric } from "@sluice/study";
import { trainingMetrics } from "@sluice/trials";
import { claims } from "./claims.ts";
import { modalities, readClips, type Modality } from "./clips.ts";
import type { FusionName } from "./model.ts";
import { mosiTrial } from "./trial.ts";

const settings = {
  reads: modalities as readonly Modality[],
  context: true,
  fusion: "concatenation" as FusionName,
  modalityDropout: 0,
  hidden: 32,
  /** Clips per step. */
  batch: 8,
  /** Fixed beforehand: no clips are left that the features have not seen, so nothing can choose it. */
  epochs: 20,
  learningRate: 2e-3,
  clip: 5,
  logEvery: 8,
  /** Steps between the points of the curve of the test accuracy: an epoch. */
  validateEvery: 8,
};

/** What always answering "positive" gives: 467 of the 752 test utterances are. */
const positive = 467 / 752;
const majority = 100 * positive;
/** Its F1 is 2 p / (1 + p) for the positive utterances and 0 for the others. */
const majorityF1 = (majority * 2 * positive) / (1 + positive);

const onTest = (label: string): Metric => ({
  label,
  unit: "%",
  better: "higher",
  split: "test",
  digits: 1,
  curve: false,
});

const subsets = {
  "Text + audio": ["text", "audio"],
  "Text + video": ["text", "video"],
  "Audio + video": ["audio", "video"],
  All: modalities,
} as const;

const fusions = { concatenation: "concatenation", gated: "gated", LMF: "lmf", late: "late" } as const;

const fused = Object.entries(subsets).flatMap(([subset, reads]) =>
  Object.entries(fusions).map(([name, fusion]) => [`${subset}, ${name}`, { reads, fusion }] as const),
);

export default study({
  name: "mosi",
  title: "The sentiment of utterances, from words, voice and face",
  question:
    "An LSTM reads the utterances of a film review in order. What do the seven subsets of text, audio and video tell of the sentiment of each utterance, which fusion gains most, and what is left if a modality is missing at test?",
  settings,
  tasks: { mosi: {} },
  variants: {
    Text: { reads: ["text"] },
    Audio: { reads: ["audio"] },
    Video: { reads: ["video"] },
    ...Object.fromEntries(fused),
    "All, concatenation, modality dropout": { modalityDropout: 0.3 },
    "All, gated, modality dropout": { fusion: "gated", modalityDropout: 0.3 },
    "Logistic regression, text": { reads: ["text"], context: false },
    "Logistic regression, all": { context: false },
  },
  seeds: 8,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      notes: "Scaled down: fewer units and epochs, and one seed.",
      hidden: 16,
      epochs: 5,
    },
    full: {},
  },
  metrics: {
    accuracy: { ...onTest("Held-out accuracy"), chance: majority },
    f1: { ...onTest("Held-out F1, weighted"), chance: majorityF1 },
    withoutText: { ...onTest("Held-out accuracy, text missing"), chance: majority },
    withoutAudio: { ...onTest("Held-out accuracy, audio missing"), chance: majority },
    withoutVideo: { ...onTest("Held-out accuracy, video missing"), chance: majority },
    chosenOnTest: { ...onTest("Best epoch by the test set (too high)"), summarise: "best", curve: true },
    loss: trainingMetrics.loss,
    gradientNorm: trainingMetrics.gradientNorm,
  },
  claims,
  stepLabel: "optimizer step",
  notes:
    "CMU-MOSI, utterance-level features of the bc-LSTM release, in the published split: 62 training clips and 31 test clips, 1,447 and 752 utterances. The text and video features were themselves trained on the labels of all training clips: a logistic regression is right in 98 % (text) and 92 % (video) of training utterances that it was not fitted to, but in 75 % and 52 % of the test utterances. A validation part of the training clips would choose nothing well, so the number of epochs was fixed beforehand and nothing was tuned. The column “best epoch by the test set” shows what a choice on the test set would add; it is not a result. Utterances of a clip have one speaker: claims about accuracy are tested over clips, not utterances. The row “chance” is the answer “positive” to everything. Features are in standard deviations of the training utterances. Published numbers of these features were not checked, so the table has none. Similar models had been tried on the test clips before the claims were written.",
  data: async ({ dataFolder }) => (await mosi({ folder: dataFolder, validation: 0 })).provenance.files,
  estimate: ({ reads, context, epochs, hidden }) => 3 + (context ? epochs * reads.length * hidden * 4e-3 : 1),
  trial: async (context) => mosiTrial(context, await readClips(context.dataFolder)),
});
