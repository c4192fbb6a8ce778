import { adding, delayedCopy, digits, flipFlop, mackeyGlass, parity } from "@sluice/data";
import type { ComparedTask } from "@sluice/jobs";

const sizes = { train: 2000, validation: 300, test: 600 };

/** Short tasks of six kinds: what has to be kept, for how long, and how exactly. A trial makes the data of its own task only. */
export const tasks: readonly ComparedTask[] = [
  { name: "adding", kind: "regression", data: () => adding({ time: 50, ...sizes }) },
  { name: "delayed copy", kind: "labelling", data: () => delayedCopy({ delay: 5, ...sizes }) },
  { name: "flip-flop", kind: "regression", data: () => flipFlop({ bits: 3, time: 40, pulses: 0.2, ...sizes }) },
  { name: "parity", kind: "labelling", data: () => parity({ time: 20, ...sizes }) },
  { name: "Mackey-Glass", kind: "regression", data: () => mackeyGlass({ time: 50, ahead: 5, ...sizes }) },
  { name: "digits", kind: "classification", data: () => digits({ by: "rows", size: 14, ...sizes }) },
];

/** The metric of each task by which cells are compared. */
export const headlines: Readonly<Record<string, string>> = {
  adding: "rmse",
  "delayed copy": "stepAccuracy",
  "flip-flop": "rmse",
  parity: "stepAccuracy",
  "Mackey-Glass": "rmse",
  digits: "accuracy",
};
