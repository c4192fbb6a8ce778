import { physionet2012 } from "@sluice/data";
import { study } from "@sluice/study";
import { anchors } from "./anchors.ts";
import { claims } from "./claims.ts";
import { mortalityMetrics, mortalityTrial } from "./trial.ts";
import { settings, variants } from "./settings.ts";
import { datasetOf, foldOf, readStays } from "./stays.ts";

export default study({
  name: "mortality",
  title: "Who will die in hospital, from the first 48 hours in intensive care",
  question:
    "Does a network gain from knowing when each of 37 variables was measured, or not measured: by masks and times as inputs, by decay, or from the true times instead of hours? And is any of them better than a logistic regression on a few summaries?",
  settings,
  tasks: { mortality: {} },
  variants,
  seeds: 5,
  folds: 5,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      folds: 2,
      notes: "Scaled down: two of the folds with a fifth of the stays and few epochs.",
      stays: 800,
      epochs: 4,
      hidden: 16,
    },
    full: {},
  },
  metrics: mortalityMetrics,
  anchors,
  claims,
  stepLabel: "optimizer step",
  notes:
    "PhysioNet/CinC Challenge 2012, set A: 4,000 stays, 554 of them died. Each seed divides them into 5 folds with equal shares of both outcomes; a fifth of the other stays is for validation, and the weights with its best AUROC are tested. Values are moved to the 0.1 and 99.9 percentiles of the training stays and standardized; times are in days. Each value is a mean over 5 folds, and the intervals are over 5 divisions and initial weights of the same stays. They say nothing about other hospitals. Set A was looked at before the claims were written, so they are exploratory; the study mortality-b tests one on set B. All networks have the same rate, dropout (0.3) and size; nothing was tuned. The logistic regression reads standardized summaries, and the validation stays choose its penalty.",
  data: async ({ dataFolder }) => (await physionet2012({ set: "a", folder: dataFolder })).provenance.files,
  estimate: ({ cell, epochs, stays, view }) =>
    4 + (stays / 4000) * epochs * 0.6 * (cell === "logistic" ? 0.05 : 0.5) * (view === "events" ? 3 : 1),

  async trial(context) {
    const { fold, seed, config, dataFolder } = context;
    if (fold === null) throw new Error("the study mortality has folds, and this trial has none");
    const { view, imputation } = config;
    const stays = await readStays({ view, stays: config.stays, folder: dataFolder });
    return mortalityTrial(context, datasetOf(stays, foldOf(stays, fold, seed), imputation));
  },
});
