import { relativeRobustness } from "@sluice/fusion";
import type { Settings, TrialContext, TrialOutcome } from "@sluice/study";
import { argmax, key, keyFor, valuesOf, type Backend, type Tensor, type Tree } from "@sluice/tensor";
import { classificationTrial, predict, type TrainingSettings } from "@sluice/trials";
import { digitModel, type DigitModelOptions } from "./model.ts";
import { levels, noisyTest, type Noise } from "./noise.ts";
import { modalities, withOnly, type Modality, type Pairs } from "./pairs.ts";

/** Settings of a trial. */
export type DigitSettings = Settings & TrainingSettings & DigitModelOptions;

/**
 * Trains one model on noisy pairs for a fixed number of epochs. It is tested with the noise of training, with either
 * modality missing, and with more or less noise in one modality while the other keeps that of training.
 */
export async function digitTrial(
  context: TrialContext<DigitSettings>,
  { train, test }: { readonly train: Pairs; readonly test: Pairs },
): Promise<TrialOutcome> {
  const { config, seed, tuning } = context;
  const model = digitModel(config);
  const testWith = noisyTest(test, keyFor(key(seed), "test noise"));
  const usual = testWith(config.noise);
  let measured: Readonly<Record<string, number>> = {};
  const { metrics, ...outcome } = await classificationTrial(context, model, {
    data: { train, test: usual },
    async inspect({ params }, when, backend) {
      if (tuning || when === "start of training") return;
      const accuracy = accuracyBy(model, params, backend);
      const curves = await curvesOf(accuracy, testWith, config.noise);
      recordCurves(context, curves);
      measured = {
        imageMissing: await accuracy(withOnly(usual, ["sound"])),
        soundMissing: await accuracy(withOnly(usual, ["image"])),
        imageNoise: meanOf(curves.image),
        soundNoise: meanOf(curves.sound),
      };
    },
  });
  return { ...outcome, metrics: { ...metrics, ...measured } };
}

type Accuracy = (pairs: Pairs) => Promise<number>;

/** The accuracy of a model in per cent. */
const accuracyBy =
  (model: ReturnType<typeof digitModel>, params: Tree, backend: Backend): Accuracy =>
  async (pairs) =>
    accuracyOf(await predict(model, params, pairs, { backend }), pairs.y);

/** The share of logits `[pairs, 10]` that have their largest value at the digit, in per cent. */
export function accuracyOf(logits: Tensor, y: Tensor): number {
  const [answers, digits] = [valuesOf(argmax(logits)), valuesOf(y)];
  return (100 * answers.filter((answer, row) => answer === digits[row]).length) / digits.length;
}

/** The accuracy at each level of noise in one modality. */
type Curves = { readonly [name in Modality]: readonly number[] };

async function curvesOf(accuracy: Accuracy, testWith: (noise: Noise) => Pairs, usual: Noise): Promise<Curves> {
  const asUsual = await accuracy(testWith(usual));
  const curves: { [name in Modality]: number[] } = { image: [], sound: [] };
  for (const name of modalities)
    for (const level of levels)
      curves[name].push(level === usual[name] ? asUsual : await accuracy(testWith({ ...usual, [name]: level })));
  return curves;
}

/** The mean height of a robustness curve: its area, divided by the range of the levels. */
const meanOf = (curve: readonly number[]): number => relativeRobustness(levels, curve) / Math.max(...levels);

function recordCurves(context: Pick<TrialContext, "series">, curves: Curves): void {
  const units = { image: "of pixels from 0 to 1", sound: "of standardized coefficients" };
  for (const name of modalities)
    context.series(`${name}-noise`, {
      title: `Held-out accuracy by noise in the ${name}`,
      x: { label: `deviation of the noise, ${units[name]}`, values: levels },
      y: { label: "held-out accuracy", unit: "%" },
      lines: { [`noise in the ${name}`]: curves[name] },
    });
}
