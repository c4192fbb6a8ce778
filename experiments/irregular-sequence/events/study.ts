import { study } from "@sluice/study";
import { classificationMetrics, classificationTrial, trialBackend } from "@sluice/trials";
import { anchors } from "./anchors.ts";
import { claims } from "./claims.ts";
import { recordKept } from "./kept.ts";
import { eventModel, type CellName } from "./model.ts";
import { recordPaddingCost } from "./padding.ts";
import { streamBatches, streams } from "./streams.ts";

const settings = {
  /**
   * Bits of the longest stream, of 2 or more; and steps of the padded arrays, which are also the bits to the unit of
   * time.
   */
  longest: 31,
  steps: 32,
  train: 50_000,
  validation: 1000,
  test: 2000,
  cell: "lstm" as CellName,
  hidden: 64,
  batch: 100,
  epochs: 40,
  learningRate: 5e-3,
  clip: 1,
  logEvery: 50,
  validateEvery: 500,
  /**
   * For the cost of padding: streams, and streams a batch. They have 2 to 31 bits and are padded to 32 steps, whatever
   * is trained on.
   */
  timedStreams: 1024,
  timedBatch: 64,
};

export default study({
  name: "events",
  title: "The parity of bit streams, from the events alone",
  question:
    "The network sees a bit stream only where it changes, each time with the time elapsed since the last change. Which cell can still tell whether the number of ones is odd: one that is given the time as an input, or one whose state decays with it? And what does it cost to pad sequences of unequal length?",
  settings,
  tasks: { events: {} },
  variants: {
    LSTM: { cell: "lstm" },
    GRU: { cell: "gru" },
    "RNN-decay": { cell: "rnnDecay" },
    "GRU-D": { cell: "gruD" },
  },
  seeds: 5,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 1,
      notes: "Scaled down: it can show an order of the variants, not the figures of the papers.",
      longest: 16,
      steps: 16,
      train: 20_000,
      hidden: 32,
      batch: 50,
      epochs: 20,
      validateEvery: 400,
    },
    full: {},
  },
  metrics: classificationMetrics,
  anchors,
  claims,
  stepLabel: "optimizer step",
  notes:
    "The task is CfC’s bit-stream XOR in event form (Hasani et al. 2022), scaled down: fewer streams and epochs than the paper’s 100,000 and 200, Adam at 5e-3 with clipping at 1 instead of RMSprop at 5e-4, and in the quick budget streams of 2 to 16 bits instead of 2 to 31. LSTM and GRU read the time as a second input, RNN-decay and GRU-D by their decay alone. Only the order of the variants can be compared with the paper. All are trained on padded batches of random streams, the longest first. What padding costs is timed apart, on 1,024 streams of 2 to 31 bits that one program runs, all padded to 32 steps: in any order, with the longest of each batch first, or with like lengths together. The epochs were timed on one machine while another trial was running.",
  estimate: ({ cell, epochs, train, batch, hidden, steps }) =>
    20 + ((epochs * train) / batch) * steps * hidden * { lstm: 4, gru: 3, rnnDecay: 2, gruD: 4 }[cell] * 2e-6,

  async trial(context) {
    const { longest, steps, train, validation, test, cell, hidden, timedStreams, timedBatch } = context.config;
    const model = eventModel({ cell, hidden });
    const outcome = await classificationTrial(context, model, {
      data: streams({ longest, steps, train, validation, test }),
      batches: streamBatches,
      inspect: async ({ params }, when) => recordKept(context, { model, params, steps, when }),
    });
    const backend = trialBackend(context);
    try {
      return {
        ...outcome,
        timings: await recordPaddingCost(context, {
          model,
          backend,
          steps: 32,
          streams: timedStreams,
          batch: timedBatch,
        }),
      };
    } finally {
      await backend.close();
    }
  },
});
