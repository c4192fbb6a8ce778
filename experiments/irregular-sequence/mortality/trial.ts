import type { Dataset } from "@sluice/data";
import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import { auprc, auroc, crossEntropy } from "@sluice/train";
import { trainingMetrics, trainingTrial, type Measured } from "@sluice/trials";
import { logisticModel, readingOf, recurrentModel } from "./model.ts";
import type { settings } from "./settings.ts";
import type { Stay } from "./stays.ts";

/** AUROC and AUPRC: with 14 % deaths, the second says more about those who are called in danger. */
export const mortalityMetrics = {
  validation: { label: "Validation AUROC", better: "higher", split: "validation", digits: 3 },
  auroc: { label: "Held-out AUROC", better: "higher", split: "test", digits: 3, curve: false },
  auprc: { label: "Held-out AUPRC", better: "higher", split: "test", digits: 3, curve: false },
  testLoss: trainingMetrics.testLoss,
  loss: trainingMetrics.loss,
  gradientNorm: trainingMetrics.gradientNorm,
} as const satisfies { readonly [name: string]: Metric };

/** Trains one model on stays in parts, and tests the weights with the best AUROC of the validation stays. */
export async function mortalityTrial(
  context: TrialContext<typeof settings>,
  { train, validation, test }: Pick<Dataset<Stay>, "train" | "validation" | "test">,
): Promise<TrialOutcome> {
  const { cell, hidden, patience } = context.config;
  const [variables = 0, statics = 0] = [train.x.shape[2], train.statics.shape[1]];
  const data = { train: readingOf(cell, train), validation: readingOf(cell, validation), test: readingOf(cell, test) };
  const task = {
    data,
    loss: crossEntropy,
    metrics: { auroc: auroc(), auprc: auprc() },
    keep: "best",
    patience,
    watch: { metric: "auroc" },
    validated: ({ metrics }: Measured<"auroc" | "auprc">) => ({ validation: metrics.auroc }),
    tested: ({ loss, metrics }: Measured<"auroc" | "auprc">) => ({ ...metrics, testLoss: loss }),
  } as const;
  return cell === "logistic"
    ? trainingTrial(context, logisticModel({ variables, statics }), task)
    : trainingTrial(context, recurrentModel({ cell, hidden, variables }), task);
}
