import { dense, gru, sequence, sequential } from "@sluice/cells";
import { chain, globalNorm } from "@sluice/clip";
import { adding } from "@sluice/data";
import { better, study } from "@sluice/study";
import { adam, mse } from "@sluice/train";
import { trainingMetrics, trainingTrial } from "@sluice/trials";
import { softClip } from "./plugin.js";

const clippers = { mine: softClip, globalNorm };

export default study({
  name: "soft-clip",
  question: "Does a GRU learn to add two marked numbers better with soft clip than with clipping by the global norm?",
  settings: {
    clipper: "mine",
    hidden: 16,
    time: 20,
    train: 1000,
    batch: 50,
    epochs: 20,
    learningRate: 1e-2,
    clip: 1,
    logEvery: 10,
    validateEvery: 20,
  },
  tasks: { adding: {} },
  variants: { mine: {}, "global norm": { clipper: "globalNorm" } },
  seeds: 10,
  budgets: { quick: { seeds: 5, epochs: 5 }, full: {} },
  metrics: trainingMetrics,
  claims: [
    {
      text: "The new clipper leads to a lower loss.",
      kind: "own",
      test: better({ task: "adding", metric: "testLoss", variant: "mine", than: "global norm" }),
    },
  ],
  // `sluice sweep` tries as many settings for one clipper as for the other, and never sees the test data.
  tune: {
    over: { clip: { logUniform: [1e-1, 10] }, learningRate: { logUniform: [1e-3, 1e-1] } },
    by: "random",
    trials: { quick: 4, full: 12 },
    metric: "validationLoss",
    // `sluice run` also runs without a sweep, with the settings above.
    optional: true,
  },
  async trial(context) {
    const { clipper, clip, learningRate, hidden, time, train } = context.config;
    const model = sequential([
      sequence(gru({ input: 2, hidden }), { outputs: "last" }),
      dense({ input: hidden, output: 1 }),
    ]);
    const data = adding({ time, train, validation: 200, test: 500 });
    const optimizer = chain(clippers[clipper](clip), adam({ learningRate }));
    return trainingTrial(context, model, { data, loss: mse, optimizer, keep: "best" });
  },
});
