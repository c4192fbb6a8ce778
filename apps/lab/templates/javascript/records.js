import { gru, lstm } from "@sluice/cells";
import { recordsStudy } from "@sluice/jobs";

// Models of a table of records: patients, measured at times of their own, with gaps. Replace records.csv by your table,
// and say here what is in it.
export default recordsStudy({
  name: "soft-gate",
  records: { path: new URL("records.csv", import.meta.url) },
  reading: {
    layout: "wide",
    columns: { id: "patient" },
    time: { unit: "hours" },
    variables: ["pulse", "temperature"],
  },
  target: { name: "outcome", categories: ["better", "worse"] },
  cells: { gru, lstm },
  folds: 5,
  hidden: 8,
  learningRate: 2e-2,
  epochs: 30,
  patience: 10,
  select: "auroc",
  // `sluice sweep` tries as many learning rates for every cell, in each fold by its validation rows.
  tune: { rate: [1e-3, 1e-1], trials: 4, optional: true },
});
