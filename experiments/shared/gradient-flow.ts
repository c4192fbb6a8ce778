import type { Layer } from "@sluice/cells";
import { effectiveHorizon, gradientFlow, stateGradients, stepNorms } from "@sluice/inspect";
import type { TrialContext } from "@sluice/study";
import { compile, concat, item, leavesOf, mean, valuesOf, type Backend, type Tensor, type Tree } from "@sluice/tensor";
import { crossEntropy } from "@sluice/train";

/** The part of the largest gradient norm that still counts for the horizon. */
const fraction = 0.01;

/** The metric that {@link recordGradientFlow} adds. */
export const horizonMetric = { label: "Gradient horizon", unit: "steps", better: "higher", digits: 0, curve: false } as const;

export interface FlowOptions<P extends Tree> {
  /** From `[batch, time, features]` to logits `[batch, classes]`. */
  readonly model: Layer<P>;
  readonly params: P;
  /** `[batch, time, features]`. */
  readonly x: Tensor;
  /** Classes, i32 `[batch]`. */
  readonly y: Tensor;
  readonly when: string;
  readonly backend: Backend;
}

/**
 * Where the gradient goes: the norm of dL/ds_t over the time axis, of one example's cross-entropy and averaged over the examples, as a series for every state s of
 * the model (`h`, and `c` of an LSTM), with a line named `when`.
 *
 * Gives the horizon, too: how many steps before the last one the gradient with respect to all states together is still 1 % of its largest norm.
 */
export async function recordGradientFlow<P extends Tree>(
  context: Pick<TrialContext, "series">,
  { model, params, x, y, when, backend }: FlowOptions<P>,
): Promise<{ readonly horizon: number }> {
  const measure = await compile(
    (weights: P, inputs: Tensor, classes: Tensor) => {
      const zeros = model.perturbations({ batch: inputs.shape[0]!, time: inputs.shape[1]! });
      const loss = (perturbations: Tree): Tensor => crossEntropy(model.apply(weights, inputs, { perturbations }).output, classes, { reduction: "sum" });
      const whole = concat(leavesOf(stateGradients(loss, zeros)).map(({ tensor }) => tensor), 2);
      return { flow: gradientFlow(loss, zeros), horizon: effectiveHorizon(mean(stepNorms(whole), 0), { fraction }) };
    },
    [params, x, y],
    { backend },
  );
  const { flow, horizon } = await measure(params, x, y);
  await measure.dispose();
  for (const { path, tensor } of leavesOf(flow)) {
    const norms = valuesOf(tensor);
    const state = path.split(".").at(-1)!;
    context.series(`gradient-flow-${path.replaceAll(".", "-")}`, {
      title: `Gradient norm dL/d${state}ₜ over the time axis`,
      x: { label: "time step t", values: norms.map((_, t) => t + 1) },
      y: { label: `‖dL/d${state}ₜ‖`, log: true },
      lines: { [when]: norms },
    });
  }
  return { horizon: item(horizon) };
}
