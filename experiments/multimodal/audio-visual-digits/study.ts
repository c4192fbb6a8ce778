import { study, type Metric } from "@sluice/study";
import { classificationMetrics } from "@sluice/trials";
import { claims } from "./claims.ts";
import type { FusionName } from "./model.ts";
import { filesOf, readPairs, speakers } from "./pairs.ts";
import { digitTrial } from "./trial.ts";

const settings = {
  fusion: "concatenation" as FusionName,
  modalityDropout: 0,
  /** Standard deviation of the noise on each pixel (0 to 1), and on each standardized coefficient of the sound. */
  noise: { image: 0.5, sound: 0.5 },
  /** Images of MNIST that are read, and with how many of them each training recording is paired. */
  trainImages: 6000,
  testImages: 2000,
  each: 2,
  hidden: 32,
  batch: 50,
  epochs: 6,
  learningRate: 3e-3,
  clip: 1,
  logEvery: 20,
  /** Steps between checkpoints: an epoch. */
  validateEvery: 100,
};

const accuracyWhere = (what: string): Metric => ({
  ...classificationMetrics.accuracy,
  label: `Held-out accuracy, ${what}`,
  chance: 10,
});

export default study({
  name: "audio-visual-digits",
  title: "Digits, written and spoken",
  question:
    "A network sees a digit, row by row, and hears it spoken, both with noise. How much does fusing the two gain over each alone, for a speaker who was not heard in training? How do fusions hold where one modality gets noisier or is missing, and does it help to drop modalities in training?",
  settings,
  tasks: { digits: {} },
  variants: {
    Image: { fusion: "image" },
    Sound: { fusion: "sound" },
    Concatenation: { fusion: "concatenation" },
    Gated: { fusion: "gated" },
    LMF: { fusion: "lmf" },
    "Gated, modality dropout": { fusion: "gated", modalityDropout: 0.3 },
  },
  seeds: 5,
  folds: speakers.length,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      folds: 2,
      notes: "Scaled down: two of the six speakers, and few epochs.",
      epochs: 2,
      each: 1,
    },
    full: {},
  },
  metrics: {
    accuracy: { ...classificationMetrics.accuracy, chance: 10 },
    imageMissing: accuracyWhere("image missing"),
    soundMissing: accuracyWhere("sound missing"),
    imageNoise: accuracyWhere("mean over noise in the image"),
    soundNoise: accuracyWhere("mean over noise in the sound"),
    loss: classificationMetrics.loss,
    gradientNorm: classificationMetrics.gradientNorm,
  },
  claims,
  stepLabel: "optimizer step",
  notes:
    "Images of MNIST and recordings of the Free Spoken Digit Dataset (cepstral coefficients, a frame every 20 ms), paired at random by their digit. In each fold one of the six speakers is tested, and the network is trained on the others. Test images are from MNIST’s test set. So no image and no voice of the test was met in training. Noise is drawn anew in every training step. The value of a seed is the mean over the six speakers, and the intervals are over seeds: over other pairs, noise and initial weights, not over other speakers. If a single modality is missing, the network that reads only this one can do no better than guess. “Mean over noise” is the mean height of the robustness curve, with noise of a deviation of 0 to 2 in one modality and the noise of training in the other. The number of epochs was fixed beforehand, and nothing was tuned.",
  data: async ({ dataFolder }) => filesOf(dataFolder),
  estimate: ({ fusion, epochs, each, hidden }) =>
    4 + epochs * each * hidden * { image: 1, sound: 1, concatenation: 2, gated: 2, lmf: 2 }[fusion] * 6e-3,

  async trial(context) {
    const { fold, seed, dataFolder, config } = context;
    const leaveOut = speakers[fold?.index ?? -1];
    if (leaveOut === undefined)
      throw new Error("the study audio-visual-digits has a fold for each speaker, and this trial has none");
    const { trainImages, testImages, each } = config;
    return digitTrial(context, await readPairs({ folder: dataFolder, leaveOut, trainImages, testImages, each, seed }));
  },
});
