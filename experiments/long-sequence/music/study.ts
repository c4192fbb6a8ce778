import { jsbChorales, nottingham } from "@sluice/data";
import { study } from "@sluice/study";
import { polymusicMetrics, polymusicTrial } from "@sluice/trials";
import { anchors } from "./anchors.ts";
import { claims } from "./claims.ts";
import { musicModel, type CellName } from "./model.ts";

const settings = {
  pieces: "chorales" as "chorales" | "tunes",
  cell: "gru" as CellName,
  hidden: 200,
  layers: 2,
  dropout: 0.2,
  batch: 8,
  /** At most; training ends after `patience` validations without improvement. */
  epochs: 100,
  patience: 8,
  learningRate: 1e-3,
  clip: 1,
  logEvery: 10,
  /** Steps between validations: an epoch. */
  validateEvery: 29,
};

export default study({
  name: "music",
  title: "Which keys of the piano come next?",
  question:
    "How well do an RNN, a GRU and an LSTM predict the next step of Bach’s chorales, which are short, and of folk tunes, whose steps go on for hundreds?",
  settings,
  tasks: { chorales: { pieces: "chorales" }, tunes: { pieces: "tunes", validateEvery: 87 } },
  variants: { RNN: { cell: "rnn" }, GRU: { cell: "gru" }, LSTM: { cell: "lstm" } },
  seeds: 5,
  defaultBudget: "full",
  budgets: {
    quick: {
      seeds: 2,
      notes: "Scaled down: one layer of 32, and few epochs.",
      hidden: 32,
      layers: 1,
      epochs: 6,
      perTask: { tunes: { epochs: 2 } },
    },
    full: { perTask: { tunes: { epochs: 60 } } },
  },
  metrics: polymusicMetrics,
  anchors,
  claims,
  stepLabel: "optimizer step",
  notes:
    "JSB Chorales and Nottingham in the splits of Boulanger-Lewandowski et al. (2012), whole pieces. The likelihood is summed over the 88 keys and averaged over all steps of the test pieces but the first of each. The weights of the best validation are tested, once. Adam at 1e-3, batches of 8 pieces, the same for all cells; nothing was tuned.",
  data: async ({ dataFolder }) => ({
    ...(await jsbChorales({ folder: dataFolder })).provenance.files,
    ...(await nottingham({ folder: dataFolder })).provenance.files,
  }),
  estimate: ({ pieces, cell, hidden, layers, epochs }) =>
    2 + epochs * layers * (hidden / 200) * (pieces === "chorales" ? 0.2 : 2) * { rnn: 0.5, gru: 1, lstm: 1.2 }[cell],

  async trial(context) {
    const { config, dataFolder } = context;
    const { pieces, cell, hidden, layers, dropout, patience } = config;
    const read = pieces === "chorales" ? jsbChorales : nottingham;
    const { train, validation, test } = await read({ folder: dataFolder, steps: Infinity });
    return polymusicTrial(context, musicModel({ cell, hidden, layers, dropout }), {
      data: { train, validation, test },
      keep: "best",
      patience,
    });
  },
});
