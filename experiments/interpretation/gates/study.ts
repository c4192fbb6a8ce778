import { jsbChorales } from "@sluice/data";
import { study, type Metric } from "@sluice/study";
import { argmax, valuesOf } from "@sluice/tensor";
import { predict, trainingMetrics, trainingTrial } from "@sluice/trials";
import { claims } from "./claims.ts";
import { openingOf, worthOfGates } from "./gates.ts";
import { gatedModel, type CellName } from "./model.ts";
import { chorales, events } from "./tasks.ts";

const settings = {
  sequences: "events" as "events" | "chorales",
  /** Of event XOR: bits of the longest stream, and streams of each split. */
  longest: 16,
  train: 20_000,
  validation: 1000,
  test: 2000,
  cell: "gru" as CellName,
  hidden: 32,
  batch: 50,
  epochs: 50,
  learningRate: 3e-3,
  clip: 1,
  logEvery: 50,
  validateEvery: 400,
};

const nats = (label: string, better: Metric["better"]): Metric => ({
  label,
  unit: "nats",
  better,
  split: "test",
  digits: 3,
  curve: false,
});
const setting = (label: string, more: Partial<Metric> = {}): Metric => ({
  label,
  better: "neither",
  split: "test",
  digits: 2,
  curve: false,
  ...more,
});

export default study({
  name: "gates",
  title: "What the gates of a trained network do",
  question:
    "Which gates does a trained GRU need: the update gate, which keeps the state, or the reset gate, which decides how much of it is read? One gate after the other is fixed, on the parity of bit streams that are seen by their events, and on Bach’s chorales. How do networks do that were trained without the gate?",
  settings,
  tasks: {
    events: {},
    chorales: { sequences: "chorales", hidden: 64, batch: 8, epochs: 40, logEvery: 10, validateEvery: 29 },
  },
  variants: {
    GRU: { cell: "gru" },
    "GRU without reset": { cell: "gruWithoutReset" },
    MGU: { cell: "mgu" },
    LSTM: { cell: "lstm" },
  },
  seeds: 8,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      notes: "Scaled down: one seed, fewer streams and epochs. No claim is decided.",
      train: 10_000,
      perTask: { events: { epochs: 40 }, chorales: { epochs: 8 } },
    },
    full: {},
  },
  metrics: {
    testLoss: nats("Held-out loss", "lower"),
    accuracy: {
      label: "Held-out accuracy",
      unit: "%",
      better: "higher",
      split: "test",
      digits: 1,
      curve: false,
      chance: 50,
      tasks: ["events"],
    },
    keepWorth: nats("Worth of varying the keeping gate", "higher"),
    readWorth: nats("Worth of varying the reading gate", "higher"),
    readAtMean: nats("Held-out loss, reading gate at its mean", "lower"),
    kept: setting("Kept share of the state"),
    saturated: setting("Keeping gate below 0.1 or above 0.9", { unit: "%", digits: 1 }),
    timeScale: setting("Time scale, median unit", { unit: "steps", digits: 1 }),
    validationLoss: { ...trainingMetrics.validationLoss, unit: "nats" },
    loss: { ...trainingMetrics.loss, unit: "nats" },
    gradientNorm: trainingMetrics.gradientNorm,
  },
  claims,
  tune: {
    over: { learningRate: { choice: [1e-3, 3e-3, 1e-2] } },
    by: "grid",
    metric: "validationLoss",
    optional: true,
  },
  stepLabel: "optimizer step",
  notes:
    "Losses are in nats: cross-entropy per stream, and negative log-likelihood per step, summed over the 88 keys. The keeping gate decides how much of the state is kept: the update gate of a GRU, the forget gate of an LSTM, and 1 − f of an MGU. The reading gate only decides how much of the state is read: the reset gate of a GRU, the output gate of an LSTM. GRU without reset and MGU have none, so nothing is fixed there and the loss is that of the whole network. What varying a gate is worth is how much the held-out loss rises if each unit of the gate is fixed at its mean over all steps. All cells of a task have as many units, so their numbers of weights differ. The weights of the best validation are looked at. Both tasks are scaled down: event XOR has streams of at most 16 bits, and the chorales one layer of 64 units. The claims were written before any run; epochs and learning rate were then chosen on one or two networks with other seeds.",
  data: async ({ dataFolder }) => (await jsbChorales({ folder: dataFolder })).provenance.files,
  estimate: ({ sequences, cell, hidden, epochs, train }) =>
    4 +
    epochs *
      hidden *
      { gru: 3, gruWithoutReset: 2, mgu: 2, lstm: 4 }[cell] *
      (sequences === "events" ? train * 3e-8 : 1e-3),

  async trial(context) {
    const { config, dataFolder } = context;
    const { sequences, longest, train, validation, test, cell, hidden } = config;
    const task =
      sequences === "events"
        ? events({ longest, steps: longest, train, validation, test })
        : await chorales(dataFolder);
    const { data, sizes, loss } = task;
    const model = gatedModel({ cell, hidden, ...sizes });
    let found: { readonly [metric: string]: number } = {};
    const { metrics, ...outcome } = await trainingTrial(context, model, {
      data,
      loss,
      keep: "best",
      perStep: sizes.outputs === "all",
      async inspect({ params: weights }, when, backend) {
        // Tuning sees nothing of the test data.
        if (when === "start of training" || context.tuning) return;
        const looked = { cell, model, weights, task, sequences: data.test, backend };
        found = { ...(await worthOfGates(context, looked)), ...(await openingOf(context, looked)) };
        if (sequences === "events") {
          const answers = valuesOf(argmax(await predict(model, weights, data.test, { backend })));
          const right = valuesOf(data.test.y).filter((y, i) => y === answers[i]).length;
          found = { ...found, accuracy: (100 * right) / answers.length };
        }
      },
    });
    return { ...outcome, metrics: { ...metrics, ...found } };
  },
});
