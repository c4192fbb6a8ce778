import { dense, gruD, sequence, sequential } from "@sluice/cells";
import { physionet2012, physionet2012Examples } from "@sluice/data";
import { meanInterval } from "@sluice/study";
import { valuesOf } from "@sluice/tensor";
import { adam, auprc, auroc, crossEntropy } from "@sluice/train";
import { crossValidate, type FoldRows } from "@sluice/trials";

/** Settings of the example. */
export interface MortalitySettings {
  /** The data folder. Default: SLUICE_DATA. */
  readonly folder?: string | null;
  /** `events`: every measurement at its true time. `hourly`: means over an hour. */
  readonly view?: "events" | "hourly";
  /** How many stays to use. Default: all 4,000 of set A. */
  readonly stays?: number;
  readonly folds?: number;
  /** At most; training ends sooner where the validation data no longer improves. */
  readonly epochs?: number;
  readonly hidden?: number;
  log?(line: string): void;
}

/** Predicts from the first 48 hours in intensive care who will die in hospital; AUROC and AUPRC of each fold. */
export async function mortality({
  folder,
  view = "events",
  stays = 4000,
  folds = 5,
  epochs = 20,
  hidden = 64,
  log = console.log,
}: MortalitySettings = {}) {
  const set = await physionet2012({ set: "a", view, ...(folder === undefined ? {} : { folder }) });
  const variables = set.observations.variables.length;
  const model = sequential(
    [sequence(gruD({ input: variables, hidden }), { outputs: "last" }), dense({ input: hidden, output: 2 })],
    { dropout: 0.3 },
  );
  const results = await crossValidate(model, (rows: FoldRows) => physionet2012Examples(set, rows), {
    folds,
    classes: valuesOf(set.y).slice(0, stays),
    validation: 0.1,
    loss: crossEntropy,
    metrics: { auroc: auroc(), auprc: auprc() },
    optimizer: adam({ learningRate: 2e-3 }),
    size: 64,
    epochs,
    patience: 4,
    keep: "best",
    watch: { metric: "auroc" },
  });
  for (const name of ["auroc", "auprc"] as const) {
    const values = results.map(({ test }) => test.metrics[name]);
    // Any two folds share most of their training rows.
    const { mean, low, high } = meanInterval(values, { overlap: 1 / (folds - 1) });
    log(`${name.toUpperCase()} ${mean.toFixed(3)}, 95 % interval ${low.toFixed(3)} to ${high.toFixed(3)}`);
  }
  return results.map(({ test }) => test.metrics);
}
