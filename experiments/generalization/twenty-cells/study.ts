import { compare } from "@sluice/jobs";
import { cells } from "./cells.ts";
import { claims } from "./claims.ts";
import { tasks } from "./tasks.ts";

export default compare({
  name: "twenty-cells",
  title: "Twenty cells on six short tasks, equally tuned",
  question:
    "Which of nineteen cells are better than a GRU over six short tasks, if all have about as many parameters, or multiplications, and the same number of tries for the learning rate?",
  cells,
  tasks,
  match: "parameters",
  horizon: true,
  seeds: 10,
  hidden: 24,
  batch: 50,
  epochs: 30,
  learningRate: 1e-2,
  logEvery: 20,
  defaultBudget: "full",
  budgets: {
    full: {},
    operations: {
      match: "flops",
      notes: "The hidden sizes are chosen for equal multiplications of matrix products, not for equal parameters.",
    },
    quick: {
      seeds: 1,
      epochs: 4,
      notes: "Scaled down: one seed and four epochs, which is too little for most tasks. No claim is decided.",
    },
  },
  tune: { rate: { choice: [3e-3, 1e-2, 3e-2] }, by: "grid", optional: true },
  claims,
  notes:
    "Every cell is one layer with a linear readout, with the defaults of its function. The GRU has 24 units, and each other cell as many as come nearest to its parameters (in the budget operations: to its multiplications). Adam with clipping at 1; three learning rates are tried for each cell on each task, by validation data, and the weights of the best validation are tested. A claim counts, seed by seed, on how many more of the six tasks a cell is better than it is worse. It is about these six tasks: seeds are drawn, tasks are not. The critical-difference diagram takes the tasks as the sample instead. All tasks are short, and training is brief, so slow learners are at a disadvantage.",
});
