import { physionet2012 } from "@sluice/data";
import { foldRows, study } from "@sluice/study";
import { valuesOf } from "@sluice/tensor";
import { datasetOf, readStays } from "../mortality/stays.ts";
import { settings as mortalitySettings, variants } from "../mortality/settings.ts";
import { mortalityMetrics, mortalityTrial } from "../mortality/trial.ts";
import { recordBlocks } from "./blocks.ts";
import { claims } from "./claims.ts";

const settings = {
  ...mortalitySettings,
  /** Parts of set B, of different patients, over which the claim is tested. */
  blocks: 20,
};

const { "Logistic regression": floor, "GRU-mean": gruMean, "GRU-D": gruD } = variants;

export default study({
  name: "mortality-b",
  title: "One claim about deaths in intensive care, on patients that nothing was chosen by",
  question:
    "In the study mortality set A was looked at again and again. Does its main finding hold on the 4,000 stays of set B, for models that were trained on set A?",
  settings,
  tasks: { "set B": {} },
  variants: { "Logistic regression": floor, "GRU-mean": gruMean, "GRU-D": gruD },
  seeds: 8,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      notes: "Scaled down: a fifth of the stays of both sets and few epochs.",
      stays: 800,
      epochs: 4,
      hidden: 16,
      blocks: 5,
    },
    full: {},
  },
  metrics: mortalityMetrics,
  claims,
  stepLabel: "optimizer step",
  notes:
    "PhysioNet/CinC Challenge 2012. Four fifths of set A’s 4,000 stays train the models and a fifth is for validation, by seed; the 4,000 stays of set B (568 deaths) test them once. Settings, preparation and models are those of the study mortality. The claim was written before set B was read by any model. Its interval is over 20 blocks of different patients, so it says what to expect of other patients of these hospitals.",
  data: async ({ dataFolder: folder }) => ({
    ...(await physionet2012({ set: "a", folder })).provenance.files,
    ...(await physionet2012({ set: "b", folder })).provenance.files,
  }),
  estimate: ({ cell, epochs, stays }) => 10 + (stays / 4000) * epochs * 0.7 * (cell === "logistic" ? 0.6 : 0.5),

  async trial(context) {
    const { seed, config, dataFolder: folder } = context;
    const { view, imputation, stays, blocks } = config;
    const [a, b] = [await readStays({ view, stays, folder }), await readStays({ set: "b", view, stays, folder })];
    const classes = valuesOf(a.set.y).slice(0, a.count);
    const { train, test: validation } = foldRows(a.count, { index: 0, of: 5 }, { seed, classes });
    const test = Int32Array.from({ length: b.count }, (_, row) => row);
    const data = datasetOf(a, { train, validation, test }, imputation, b);
    return mortalityTrial(context, data, {
      onTested: (logits) => recordBlocks(context, { logits, y: data.test.y, blocks }),
    });
  },
});
