import { dense } from "@sluice/cells";
import { logisticReadout } from "@sluice/inspect";
import { weightsHash, writeSafetensors } from "@sluice/formats";
import { sampleMean, standardDeviation, weightFiles, type TrialContext, type TrialOutcome } from "@sluice/study";
import { concat, convert, tensor, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { auprc, auroc, crossEntropy } from "@sluice/train";
import { evaluateModel, predict } from "@sluice/trials";
import type { Parts } from "./stays.ts";
import { summariesOf } from "./summaries.ts";

/** Inverse strengths of the penalty, as scikit-learn's C. */
const strengths = [1, 0.1, 0.03, 0.01, 0.003] as const;

export type Summaries = { readonly x: Tensor; readonly y: Tensor };

/**
 * The floor: a logistic regression on summaries of a stay, in standard deviations of the training stays, with the
 * squared penalty whose AUROC on the validation stays is best. Each penalty is a step.
 */
export async function floorTrial(
  context: TrialContext,
  parts: Parts,
  { onTested }: { onTested?: ((logits: Tensor) => void) | undefined } = {},
): Promise<TrialOutcome> {
  const { train, validation, test } = summarized(parts);
  const features = train.x.shape[1] ?? 0;
  const model = dense({ input: features, output: 2 });
  const fitted = (C: number) => fit(train, validation, C);
  const measured = (params: Fitted, examples: Summaries) =>
    evaluateModel(model, params, examples, { loss: crossEntropy, metrics: { auroc: auroc(), auprc: auprc() } });

  const { restored, signal } = context;
  const found = restored === null ? [] : [...new Float64Array(restored.bytes.slice().buffer)];
  for (const [at, C] of strengths.entries()) {
    if (at < found.length) continue;
    const params = fitted(C);
    const [{ metrics }, { loss }] = [await measured(params, validation), await measured(params, train)];
    found.push(metrics.auroc);
    const step = at + 1;
    context.metric({ step, validation: metrics.auroc, loss });
    await context.progress({ step, steps: strengths.length, loss });
    if (signal.aborted) await context.checkpoint(step, new Uint8Array(Float64Array.from(found).buffer), { C });
    signal.throwIfAborted();
  }

  const best = found.indexOf(Math.max(...found));
  context.log(`the best penalty by the validation AUROC: C = ${strengths[best]}`);
  const params = fitted(strengths[best] ?? 1);
  const { loss: testLoss, metrics } = await measured(params, test);
  onTested?.(await predict(model, params, test));
  await context.file(weightFiles.best, writeSafetensors(params));
  return {
    weights: await weightsHash(params),
    metrics: {
      ...metrics,
      testLoss,
      validation: found[best] ?? Number.NaN,
      loss: (await measured(params, train)).loss,
    },
    parameters: 2 * features + 2,
  };
}

type Fitted = { readonly W: Tensor; readonly b: Tensor };

/** Minimizes `C sum -log p + |w|^2 / 2` over the training stays, with Newton's method. */
export function fit(train: Summaries, validation: Summaries, C: number): Fitted {
  const rows = train.y.shape[0] ?? 0;
  const held = Array.from({ length: validation.y.shape[0] ?? 0 }, (_, row) => rows + row);
  // A softmax of two classes shares a weight w of a logistic regression as w/2 and -w/2, so its squares are half of it.
  const options = { test: held, penalty: 2 / C };
  const { weights, bias } = logisticReadout(
    concat([train.x, validation.x], 0),
    concat([train.y, validation.y], 0),
    options,
  );
  return { W: convert(weights, "f32"), b: convert(bias, "f32") };
}

/** The summaries of all parts, in standard deviations of those of the training stays. */
function summarized({ train, validation, test }: Parts): Record<keyof Parts, Summaries> {
  const own = summariesOf(train);
  const [rows = 0, width = 0] = own.shape;
  const scales = Array.from({ length: width }, (_, j) => {
    const values = Array.from({ length: rows }, (_row, row) => Number(own.data[row * width + j]));
    return { mean: sampleMean(values), deviation: standardDeviation(values) };
  });
  const scaled = ({ data, shape }: ArrayTensor): ArrayTensor => {
    const values = Float32Array.from(data, Number);
    return tensor(
      values.map((value, at) => {
        const { mean = 0, deviation = 0 } = scales[at % width] ?? {};
        return deviation === 0 ? 0 : (value - mean) / deviation;
      }),
      shape,
    );
  };
  const of = (part: Parts[keyof Parts]): Summaries => ({ x: scaled(summariesOf(part)), y: part.y });
  return { train: of(train), validation: of(validation), test: of(test) };
}
