import { digits } from "@sluice/data";
import { better, study } from "@sluice/study";
import {
  classificationMetrics,
  classificationTrial,
  firstRows,
  gateOpennessOf,
  gradientFlowOf,
  horizonMetric,
} from "@sluice/trials";
import { anchors } from "./anchors.ts";
import { digitModel, gates, type CellName } from "./model.ts";

const settings = {
  /** How an image becomes a sequence, and its side in pixels. */
  by: "rows" as "rows" | "pixels",
  size: 28 as 14 | 28,
  train: 8000,
  validation: 1000,
  test: 1000,
  cell: "rnn" as CellName,
  hidden: 64,
  batch: 50,
  epochs: 20,
  learningRate: 1e-3,
  clip: 1,
  logEvery: 20,
  validateEvery: 160,
  /** The number of validation images with which the gradient over time is measured. */
  flowExamples: 100,
};

export default study({
  name: "digits",
  title: "Reading handwritten digits as sequences",
  question:
    "How far back does the gradient reach in an RNN, a GRU and an LSTM, on a short (28) and on a long (196) sequence, and how open are their gates? The same digits are read in 28 rows, or in 196 single pixels.",
  settings,
  tasks: { rows: { by: "rows", size: 28 }, pixels: { by: "pixels", size: 14 } },
  variants: { RNN: { cell: "rnn" }, GRU: { cell: "gru" }, LSTM: { cell: "lstm" } },
  seeds: 5,
  defaultBudget: "full",
  budgets: {
    quick: {
      notes:
        "Scaled down: the papers train for many more steps. After these few epochs, on pixels with half of the training images, the order of the cells may still change.",
      perTask: { rows: { epochs: 4 }, pixels: { epochs: 2, train: 4000, validateEvery: 40 } },
    },
    full: { perTask: { pixels: { epochs: 40 } } },
  },
  metrics: { ...classificationMetrics, horizon: horizonMetric },
  anchors,
  claims: [
    {
      text: "Row by row, a GRU is more accurate than a tanh RNN.",
      kind: "own",
      test: better({ task: "rows", metric: "accuracy", variant: "GRU", than: "RNN" }),
    },
    {
      text: "Pixel by pixel, a GRU is more accurate than a tanh RNN (Bai et al. 2018, table 1).",
      kind: "ordering",
      test: better({ task: "pixels", metric: "accuracy", variant: "GRU", than: "RNN" }),
    },
    {
      text: "Pixel by pixel, an LSTM is more accurate than a tanh RNN (Bai et al. 2018, table 1).",
      kind: "ordering",
      test: better({ task: "pixels", metric: "accuracy", variant: "LSTM", than: "RNN" }),
    },
    {
      text: "Pixel by pixel, a GRU is more accurate than an LSTM (Bai et al. 2018, table 1; Campos et al. 2018, table 2).",
      kind: "ordering",
      test: better({ task: "pixels", metric: "accuracy", variant: "GRU", than: "LSTM" }),
    },
  ],
  stepLabel: "optimizer step",
  notes:
    "The 10,000 images are the first of MNIST's training set, split into 8,000 for training, 1,000 for validation and 1,000 held out. Held-out accuracy is measured on 1,000 MNIST training images kept out of training; do not compare it with MNIST test accuracy. The published numbers are for 784 pixels, 60,000 training images and MNIST's own test set, so compare only the order of the variants. All variants have the same settings. Their recurrent matrices are initially orthogonal, so the gradient of a tanh RNN does not vanish at once. A gradient horizon of 27 or 195 steps is the whole sequence: the gradient reaches the first step.",
  data: async () => (await digits()).provenance.files,
  estimate: ({ by, cell, epochs, train }) =>
    3 + ((epochs * train) / 8000) * (by === "rows" ? 0.6 : 2.5) * { rnn: 1, gru: 2, lstm: 3 }[cell],

  async trial(context) {
    const { by, size, train, validation, test, cell, hidden, flowExamples } = context.config;
    const model = digitModel({ cell, hidden, input: by === "rows" ? size : 1 });
    const data = await digits({ by, size, train, validation, test });
    const { x, y } = firstRows(data.validation, flowExamples);
    const flow = gradientFlowOf(context, { model, x, y });
    const openness = gateOpennessOf(context, { model, x, gates: gates[cell] });
    return classificationTrial(context, model, {
      data,
      ...flow,
      async inspect(...given) {
        await flow.inspect(...given);
        await openness.inspect(...given);
      },
    });
  },
});
