import type { Metric, TrialContext, TrialOutcome } from "@sluice/study";
import type { Tensor } from "@sluice/tensor";
import { auprc, auroc, crossEntropy } from "@sluice/train";
import { predict, trainingMetrics, trainingTrial, type Measured } from "@sluice/trials";
import { floorTrial } from "./floor.ts";
import { readingOf, recurrentModel } from "./model.ts";
import type { settings } from "./settings.ts";
import type { Parts } from "./stays.ts";

/** AUROC and AUPRC: with 14 % deaths, the second says more about those who are called in danger. */
export const mortalityMetrics = {
  validation: { label: "Validation AUROC", better: "higher", split: "validation", digits: 3 },
  auroc: { label: "Held-out AUROC", better: "higher", split: "test", digits: 3, curve: false },
  auprc: { label: "Held-out AUPRC", better: "higher", split: "test", digits: 3, curve: false },
  testLoss: trainingMetrics.testLoss,
  loss: trainingMetrics.loss,
} as const satisfies { readonly [name: string]: Metric };

export interface MortalityOptions {
  /** Called at the end with the logits of the test stays, `[rows, 2]`, of the weights that are tested. */
  onTested?(logits: Tensor): void;
}

/** Trains one model on stays in parts, and tests the weights with the best AUROC of the validation stays. */
export async function mortalityTrial(
  context: TrialContext<typeof settings>,
  parts: Parts,
  { onTested }: MortalityOptions = {},
): Promise<TrialOutcome> {
  const { cell, hidden, patience } = context.config;
  if (cell === "logistic") return floorTrial(context, parts, { onTested });
  const { train, validation, test } = parts;
  const [, , variables = 0] = train.x.shape;
  const data = { train: readingOf(cell, train), validation: readingOf(cell, validation), test: readingOf(cell, test) };
  const model = recurrentModel({ cell, hidden, variables });
  return trainingTrial(context, model, {
    data,
    loss: crossEntropy,
    metrics: { auroc: auroc(), auprc: auprc() },
    keep: "best",
    patience,
    watch: { metric: "auroc" },
    validated: ({ metrics }: Measured<"auroc" | "auprc">) => ({ validation: metrics.auroc }),
    tested: ({ loss, metrics }: Measured<"auroc" | "auprc">) => ({ ...metrics, testLoss: loss }),
    async inspect({ params }, when, backend) {
      if (when === "end of training") onTested?.(await predict(model, params, data.test, { backend }));
    },
  });
}
