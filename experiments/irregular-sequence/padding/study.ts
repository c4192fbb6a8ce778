import { study } from "@sluice/study";
import { classificationMetrics, classificationTrial, trialBackend } from "@sluice/trials";
import { key, keyFor } from "@sluice/tensor";
import { claims } from "./claims.ts";
import { seriesModel, type CellName } from "./model.ts";
import { datasetOf, seriesBatches, type Order, type Spread } from "./series.ts";
import { recordTimes } from "./timing.ts";

const settings = {
  spread: "equal" as Spread,
  /** Whether the network is told the lengths, or computes every step of the padded series. */
  lengths: true,
  order: "any" as Order,
  cell: "gru" as CellName,
  /** The mean length; even, because nine of ten skewed series have half of it. */
  steps: 64,
  train: 512,
  validation: 128,
  test: 512,
  hidden: 64,
  batch: 32,
  epochs: 4,
  learningRate: 5e-3,
  clip: 1,
  logEvery: 4,
  validateEvery: 16,
};

export default study({
  name: "padding",
  title: "What padding costs",
  question:
    "Series of different lengths are padded to one length. How much longer does a real step take in training, by how far the lengths are spread, and what saves it: telling the lengths, sorting each batch longest first, or batches of similar lengths? Do the results stay the same?",
  settings,
  tasks: {
    "equal lengths": { spread: "equal" },
    "up to twice the mean": { spread: "uniform" },
    "one in ten long": { spread: "skewed" },
  },
  variants: {
    "Every step": { lengths: false, order: "longest first" },
    "Any order": {},
    "Longest first": { order: "longest first" },
    "Similar lengths": { order: "similar lengths" },
  },
  seeds: 5,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      notes: "Scaled down: fewer series, and one seed.",
      train: 128,
      test: 128,
      epochs: 1,
      validateEvery: 4,
    },
    full: {},
  },
  metrics: {
    ...classificationMetrics,
    accuracy: { ...classificationMetrics.accuracy, chance: 50 },
  },
  claims,
  stepLabel: "optimizer step",
  notes:
    "Made-up series of four random features. The class is the sign of the sum of the first one over the real steps. The mean length is 64 everywhere: all series have it; or any length from 1 to 127; or nine of ten have 32 steps and the tenth 352. A GRU reads them, and a linear layer its last state. All batches of a trial have the shape of the longest series, and one compiled program runs them. “Every step” computes the padding too, under a mask. The others tell the network the lengths, so that it can skip the padding. “Every step”, “any order” and “longest first” put the same series into a batch; “any order” adds up their gradients in another order than the two others, which may change the last bits. “Similar lengths” puts other series together, so that its weights are others. Every trial times each batch of an epoch nine times and keeps the shortest time; times are those of the machine that ran it, while other trials may have been running. No metric depends on them.",
  estimate: ({ spread, epochs, train, steps, hidden }) =>
    2 + (epochs + 9) * train * steps * hidden * { equal: 1, uniform: 2, skewed: 5 }[spread] * 2e-8,

  async trial(context) {
    const { config, seed } = context;
    const { spread, steps, train, validation, test, order, batch: size } = config;
    const data = datasetOf({ spread, steps, train, validation, test, seed });
    const model = seriesModel(config);
    const outcome = await classificationTrial(context, model, {
      data,
      batches: (series, options) => seriesBatches(series, order, options),
    });
    if (context.tuning) return outcome;
    const backend = trialBackend(context);
    try {
      const cut = seriesBatches(data.train, order, { size, key: keyFor(key(seed), "timed") });
      return { ...outcome, timings: await recordTimes(context, { model, cut, backend }) };
    } finally {
      await backend.close();
    }
  },
});
