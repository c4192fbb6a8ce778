import { gru, lstm } from "@sluice/cells";
import { adding } from "@sluice/data";
import { compare } from "@sluice/jobs";
import { softGate } from "./cell.ts";

const sizes = { train: 1000, validation: 200, test: 500 };

// Cells with as many parameters as the first one, on two tasks. The claims are that the first one is better.
export default compare({
  name: "soft-gate",
  cells: { mine: softGate, gru, lstm },
  tasks: [
    { name: "short", data: adding({ time: 10, ...sizes }) },
    { name: "long", data: adding({ time: 30, ...sizes }) },
  ],
  match: "parameters",
  hidden: 16,
  learningRate: 1e-2,
  epochs: 20,
  budgets: { quick: { seeds: 5, epochs: 5 }, full: {} },
  // `sluice sweep` tries as many learning rates for every cell, and never sees the test data.
  tune: { rate: [1e-3, 1e-1], trials: { quick: 4, full: 12 }, optional: true },
});
