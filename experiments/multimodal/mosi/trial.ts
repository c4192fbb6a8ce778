import type { Settings, TrialContext, TrialOutcome } from "@sluice/study";
import type { Backend, Tree } from "@sluice/tensor";
import { crossEntropy, f1 } from "@sluice/train";
import { predict, trainingTrial, type TrainingSettings } from "@sluice/trials";
import { accuracyOf, cases, keptIn, recordByClip, rightByClip, type Case } from "./by-clip.ts";
import { withOnly, type Clips, type ClipSet } from "./clips.ts";
import { clipModel, type ClipModelOptions } from "./model.ts";

/** Settings of a trial. */
export type MosiSettings = Settings & TrainingSettings & ClipModelOptions;

/**
 * Trains one model on all training clips for a fixed number of epochs, and tests it with everything present and with
 * each modality missing. The accuracy on the test clips after every epoch is recorded too, to show what choosing among
 * the epochs by it would add; nothing is chosen by it.
 */
export async function mosiTrial(context: TrialContext<MosiSettings>, { train, test }: ClipSet): Promise<TrialOutcome> {
  const model = clipModel(context.config);
  const rightOf = async (params: Tree, clips: Clips, backend: Backend): Promise<number[]> =>
    rightByClip(await predict(model, params, clips, { backend }), clips);
  const right: { [name in Case]?: number[] } = {};
  const { metrics, ...outcome } = await trainingTrial(context, model, {
    data: { train, test },
    loss: crossEntropy,
    metrics: { f1: f1({ average: "weighted", zeroDivision: 0 }) },
    perStep: true,
    tested: ({ metrics }) => ({ f1: 100 * metrics.f1 }),
    async measure({ params }, backend): Promise<Record<string, number>> {
      return context.tuning ? {} : { chosenOnTest: accuracyOf(await rightOf(params, test, backend), test) };
    },
    async inspect({ params }, when, backend) {
      if (context.tuning || when === "start of training") return;
      for (const missing of cases) right[missing] = await rightOf(params, withOnly(test, keptIn(missing)), backend);
      recordByClip(context, right, test);
    },
  });
  const accuracies = Object.entries(right).map(([name, of]) => [metricOf[name], accuracyOf(of, test)]);
  return { ...outcome, metrics: { ...metrics, ...Object.fromEntries(accuracies) } };
}

const metricOf: { readonly [missing: string]: string } = {
  "nothing missing": "accuracy",
  "text missing": "withoutText",
  "audio missing": "withoutAudio",
  "video missing": "withoutVideo",
} satisfies { readonly [missing in Case]: string };
