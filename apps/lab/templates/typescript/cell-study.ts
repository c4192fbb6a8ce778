import { dense, gru, sequence, sequential, type Cell, type CellSizes } from "@sluice/cells";
import { adding } from "@sluice/data";
import { better, study } from "@sluice/study";
import { mse } from "@sluice/train";
import { trainingMetrics, trainingTrial } from "@sluice/trials";
import { softGate } from "./cell.ts";

type CellName = "mine" | "gru";

const cells: Readonly<Record<CellName, (sizes: CellSizes) => Cell>> = { mine: softGate, gru };

export default study({
  name: "soft-gate",
  question: "Does soft gate add two marked numbers of a sequence better than a GRU of the same size?",
  settings: {
    cell: "mine" as CellName,
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
  variants: { mine: {}, GRU: { cell: "gru" } },
  seeds: 10,
  budgets: { quick: { seeds: 5, epochs: 5 }, full: {} },
  metrics: trainingMetrics,
  claims: [
    {
      text: "The new cell has a lower loss than a GRU.",
      kind: "own",
      test: better({ task: "adding", metric: "testLoss", variant: "mine", than: "GRU" }),
    },
  ],
  // `sluice sweep` tries as many learning rates for the GRU as for the new cell, and never sees the test data.
  tune: {
    over: { learningRate: { logUniform: [1e-3, 1e-1] } },
    by: "random",
    trials: { quick: 4, full: 12 },
    metric: "validationLoss",
    // `sluice run` also runs without a sweep, with the settings above.
    optional: true,
  },
  async trial(context) {
    const { cell, hidden, time, train } = context.config;
    const model = sequential([
      sequence(cells[cell]({ input: 2, hidden }), { outputs: "last" }),
      dense({ input: hidden, output: 1 }),
    ]);
    const data = adding({ time, train, validation: 200, test: 500 });
    return trainingTrial(context, model, { data, loss: mse, keep: "best" });
  },
});
