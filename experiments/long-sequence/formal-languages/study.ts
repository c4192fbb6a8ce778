import { study } from "@sluice/study";
import { accuracy, crossEntropy } from "@sluice/train";
import { evaluateModel, labellingMetrics, labellingTrial } from "@sluice/trials";
import { anchors } from "./anchors.ts";
import { claims } from "./claims.ts";
import { languages, type LanguageName } from "./languages.ts";
import { languageModel, type CellName } from "./model.ts";

const settings = {
  language: "parity" as LanguageName,
  /** The most symbols of a string in training; each number from 1 is equally likely. */
  longest: 40,
  /** Numbers of symbols of the test strings, all longer, and how many strings there are of each. */
  testLengths: [50, 100, 150, 200, 250, 300, 350, 400, 450, 500],
  testStrings: 100,
  train: 20_000,
  validation: 500,
  cell: "rnn" as CellName,
  hidden: 64,
  headWidth: 8,
  betaLimit: 1,
  batch: 32,
  epochs: 16,
  learningRate: 1e-2,
  clip: 1,
  logEvery: 50,
  validateEvery: 500,
};

export default study({
  name: "formal-languages",
  title: "Formal languages beyond the lengths of training",
  question:
    "Which recurrent networks learn the rule of a formal language from strings of up to 40 symbols, so that they are right on strings of up to 500?",
  settings,
  tasks: {
    parity: { language: "parity" },
    "modular arithmetic": { language: "modularArithmetic" },
    "reverse string": { language: "reverseString" },
    "duplicate string": { language: "duplicateString" },
  },
  variants: {
    RNN: { cell: "rnn" },
    GRU: { cell: "gru" },
    LSTM: { cell: "lstm" },
    DeltaNet: { cell: "deltaNet" },
    "DeltaNet, beta to 2": { cell: "deltaNet", betaLimit: 2 },
  },
  seeds: 8,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      notes:
        "Scaled down: strings of up to 10 symbols in training and of 20 and 40 in the test, and one seed, with which no claim can be decided.",
      hidden: 32,
      longest: 10,
      testLengths: [20, 40],
      train: 4000,
      epochs: 3,
      validateEvery: 125,
    },
    full: {
      notes:
        "Scaled down: one layer of 64, batches of 32, one learning rate, and tests at ten lengths instead of at all. There are 10,000 steps on modular arithmetic, 5,000 on parity, and 3,750 on the others.",
      perTask: { parity: { epochs: 8 }, "reverse string": { epochs: 6 }, "duplicate string": { epochs: 6 } },
    },
  },
  metrics: {
    accuracy: {
      label: "Accuracy on longer strings",
      unit: "%",
      better: "higher",
      split: "test",
      digits: 1,
      curve: false,
      chance: { parity: 50, "modular arithmetic": 20, "reverse string": 50, "duplicate string": 50 },
    },
    stepValidation: {
      ...labellingMetrics.stepValidation,
      label: "Accuracy on strings as long as in training",
    },
    loss: labellingMetrics.loss,
    gradientNorm: labellingMetrics.gradientNorm,
  },
  anchors,
  claims,
  stepLabel: "optimizer step",
  notes:
    "A network reads a string symbol by symbol, and then answers: with one symbol on parity and modular arithmetic, with a string on the others. Strings have 1 to 40 symbols in training and 50 to 500 in the test; the accuracy on longer strings is the mean over the test lengths, and the figure has each of them. Only the symbols of the answer count, in the loss and in the accuracy. The paper reports the best of its seeds and learning rates. Here the mean over the seeds is compared, and every seed is shown, so compare only orderings; where the paper has 100 %, a network can learn the rule, but need not learn it with every seed. Nothing was tuned; size and rate were chosen from a few runs of one seed that is not among these. The claims were finished after these runs.",
  estimate: ({ cell, epochs, train, batch, longest, language }) =>
    3 +
    ((epochs * train) / batch) *
      longest *
      { parity: 1, modularArithmetic: 1, reverseString: 2, duplicateString: 3 }[language] *
      { rnn: 0.5, gru: 0.8, lstm: 1, deltaNet: 1.7 }[cell] *
      3e-5,

  async trial(context) {
    const { language, longest, testLengths, testStrings, train, validation } = context.config;
    const { draw, symbols, answers } = languages[language];
    const model = languageModel({ ...context.config, symbols, answers });
    const data = draw({ time: longest, shortest: 1, train, validation, test: 1 });
    const rights: number[] = [];
    const outcome = await labellingTrial(context, model, {
      data: { train: data.train, validation: data.validation },
      async inspect({ params }, when, backend) {
        if (when === "start of training") return;
        for (const time of testLengths) {
          const strings = draw({ time, train: 1, validation: 1, test: testStrings }).test;
          const { metrics } = await evaluateModel(model, params, strings, {
            loss: crossEntropy,
            metrics: { accuracy },
            perStep: true,
            size: testStrings,
            backend,
          });
          rights.push(100 * metrics.accuracy);
        }
        context.series("by-length", {
          title: "Accuracy by length",
          x: { label: "symbols", values: testLengths },
          y: { label: "accuracy", unit: "%" },
          lines: { "end of training": rights },
        });
      },
    });
    const mean = rights.reduce((sum, right) => sum + right, 0) / rights.length;
    return { ...outcome, metrics: { ...outcome.metrics, accuracy: mean } };
  },
});
