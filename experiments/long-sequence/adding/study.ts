import { adding } from "@sluice/data";
import { study } from "@sluice/study";
import { adam, mse } from "@sluice/train";
import { firstRows, gradientFlowOf, solvedMetrics, trainingMetrics, trainingTrial } from "@sluice/trials";
import { anchors } from "./anchors.ts";
import { claims } from "./claims.ts";
import { addingModel, type CellName } from "./model.ts";

/** The variance of the sum of two numbers uniform on [0, 1): the mean squared error of always answering 1. */
const variance = 1 / 6;

const settings = {
  /** Steps of a sequence. */
  time: 200,
  train: 20_000,
  validation: 500,
  test: 1000,
  cell: "gru" as CellName,
  /** Added to the initial bias of an LSTM's forget gate; other cells have none. */
  forgetBias: 1,
  chrono: false,
  norm: "none" as "none" | "layer",
  hidden: 32,
  layers: 1,
  batch: 32,
  epochs: 4,
  learningRate: 5e-3,
  clip: 1,
  /** Whether the gradient is clipped at all. */
  clipped: true,
  /** Whether training ends when the task is solved. */
  stop: true,
  logEvery: 25,
  validateEvery: 50,
  /** The number of validation sequences with which the gradient over time is measured. */
  flowExamples: 50,
};

export default study({
  name: "adding",
  title: "Adding two numbers that are hundreds of steps apart",
  question:
    "A network reads random numbers, two of which are marked, and must add these two at the end. What makes it solve this over 200, 400 and 600 steps: the cell, the initial bias of its forget gate, normalization, or clipping? And after how many steps of training?",
  settings,
  tasks: { short: { time: 200 }, middle: { time: 400 }, long: { time: 600 } },
  variants: {
    GRU: { cell: "gru" },
    LSTM: { cell: "lstm" },
    RNN: { cell: "rnn" },
    // Units of an IndRNN meet only in the next layer.
    IndRNN: { cell: "indRnn", layers: 2 },
    LEM: { cell: "lem" },
    "LSTM, forget bias 0": { cell: "lstm", forgetBias: 0 },
    "LSTM, chrono": { cell: "lstm", chrono: true },
    "GRU, chrono": { cell: "gru", chrono: true },
    "GRU, layer norm": { cell: "gru", norm: "layer" },
    "GRU, not clipped": { cell: "gru", clipped: false },
  },
  seeds: 10,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 2,
      notes:
        "Scaled down: 20, 40 and 60 steps instead of 200, 400 and 600, and 2 seeds, with which no claim can be decided.",
      train: 4000,
      validation: 200,
      epochs: 6,
      perTask: { short: { time: 20 }, middle: { time: 40 }, long: { time: 60 } },
    },
    full: {
      notes:
        "Scaled down: one layer of 32 (two in the IndRNN), and at most 2,500 steps of training. Compare only the order of the variants with the paper.",
    },
    paper: {
      notes:
        "The size and the data of the published networks: about 70,000 parameters (130 units in the LSTM), clipping at 5, 50,000 sequences. Their rate, batch and number of steps are not in the table; here they are Adam at 2e-3, batches of 32, and 10 epochs. Training goes on when the task is solved.",
      train: 50_000,
      validation: 1000,
      hidden: 130,
      epochs: 10,
      learningRate: 2e-3,
      clip: 5,
      stop: false,
      validateEvery: 200,
    },
  },
  metrics: {
    validationMse: {
      label: "Validation MSE",
      better: "lower",
      split: "validation",
      digits: 4,
      log: true,
      chance: variance,
    },
    mse: {
      label: "Held-out MSE",
      better: "lower",
      split: "test",
      digits: 4,
      log: true,
      curve: false,
      chance: variance,
    },
    ...solvedMetrics,
    loss: trainingMetrics.loss,
    gradientNorm: trainingMetrics.gradientNorm,
  },
  anchors,
  claims,
  stepLabel: "optimizer step",
  notes:
    "The numbers are uniform on [0, 1), and one is marked in each half. Always answering 1 has a mean squared error of 1/6, which is the chance in the table; the paper’s test set gives 0.1767. The problem is solved when the error on the validation data is at most a hundredth of that, as in Skip RNN (Campos et al. 2018). The error is validated every 50 steps, so the steps to solve are multiples of it; a seed that does not solve the problem has none, and the log-rank test counts it as unsolved. Except in the budget paper, training ends when the problem is solved, so held-out errors below the goal say only that it was reached. All variants have the same rate, batches and seeds, and nothing was tuned; the size and the rate were chosen from a few runs with another seed. What is varied is one factor at a time, from the GRU or the LSTM.",
  estimate: ({ cell, time, epochs, train, hidden, layers }) =>
    3 +
    epochs *
      train *
      time *
      layers *
      (hidden / 32) *
      { rnn: 0.4, gru: 1, lstm: 1.1, indRnn: 0.2, lem: 1.3 }[cell] *
      6e-7,

  async trial(context) {
    const { config } = context;
    const { time, train, validation, test, learningRate, clipped, stop, flowExamples } = config;
    const data = adding({ time, train, validation, test });
    const model = addingModel(config);
    const flow = gradientFlowOf(context, {
      model,
      ...firstRows(data.validation, flowExamples),
      loss: (sum, y) => mse(sum, y, { reduction: "sum" }),
    });
    return trainingTrial(context, model, {
      data,
      loss: mse,
      ...(clipped ? {} : { optimizer: adam({ learningRate }) }),
      solved: { at: variance / 100, stop },
      validated: ({ loss }) => ({ validationMse: loss }),
      tested: ({ loss }) => ({ mse: loss }),
      inspect: flow.inspect,
    });
  },
});
