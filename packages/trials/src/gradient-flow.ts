import type { Layer } from "@sluice/cells";
import { effectiveHorizon, gradientFlow, stateGradients, stepNorms } from "@sluice/inspect";
import type { TrialContext } from "@sluice/study";
import {
  compile,
  concat,
  item,
  leavesOf,
  mean,
  reshape,
  valuesOf,
  type Backend,
  type Tensor,
  type Tree,
} from "@sluice/tensor";
import { crossEntropy } from "@sluice/train";
import type { ClassificationTask } from "./members/classification.ts";
import type { ModelWeights } from "./model.ts";

/** The fraction of the largest gradient norm above which a step counts towards the horizon. */
const fraction = 0.01;

const crossEntropies = (logits: Tensor, classes: Tensor): Tensor => crossEntropy(logits, classes, { reduction: "sum" });

/** The states of a model. The number of steps that a row has taken, which batch normalization counts, has no gradient. */
const statesOf = (gradients: Tree) => leavesOf(gradients).filter(({ path }) => path.split(".").at(-1) !== "stepIndex");

/** The metric that {@link gradientFlowOf} reports. */
export const horizonMetric = { label: "Gradient horizon", unit: "steps", better: "neither", digits: 0 } as const;

/** Options for measuring gradient flow. */
export interface FlowOptions<P extends Tree> {
  /** From `[batch, time, features]` to the output, such as logits `[batch, classes]`. */
  readonly model: Layer<P>;
  /** The examples on which the gradient is measured: `[batch, time, features]`. */
  readonly x: Tensor;
  /** Their targets, such as classes, i32 `[batch]`. */
  readonly y: Tensor;
  /** The sum of the examples' losses, of output and target. Default: the cross-entropy of classes. */
  readonly loss?: (output: Tensor, y: Tensor) => Tensor;
}

/**
 * Measures how far back the gradient reaches: the norm of dL/ds_t over the time axis, for the loss L of each example,
 * averaged over the examples. Writes a series for every state s of the model (`h`, and `c` of an LSTM), with
 * one line for the start and one for the end of training.
 *
 * At every validation it reports the horizon: how many steps before the last one the gradient with respect to all
 * states together still has 1 % of its largest norm.
 */
export function gradientFlowOf<P extends Tree>(
  context: Pick<TrialContext, "series">,
  { model, x, y, loss: sumOfLosses = crossEntropies }: FlowOptions<P>,
): Required<Pick<ClassificationTask<P, never>, "inspect" | "measure">> {
  const measure = (params: P, buffers: Tree, inputs: Tensor, targets: Tensor) => {
    const zeros = model.perturbations({ batch: inputs.shape[0]!, time: inputs.shape[1]! });
    const loss = (perturbations: Tree): Tensor =>
      sumOfLosses(model.apply(params, inputs, { perturbations, buffers }).output, targets);
    const [batch = 0, time = 0] = inputs.shape;
    const whole = concat(
      statesOf(stateGradients(loss, zeros)).map(({ tensor }) => reshape(tensor, [batch, time, -1])),
      2,
    );
    return { flow: gradientFlow(loss, zeros), horizon: effectiveHorizon(mean(stepNorms(whole), 0), { fraction }) };
  };
  let compiled: ReturnType<typeof compileFor> | undefined;
  const compileFor = ({ params, buffers }: ModelWeights<P>, backend: Backend) =>
    compile(measure, [params, buffers, x, y], { backend });
  const look = async (weights: ModelWeights<P>, backend: Backend) =>
    (await (compiled ??= compileFor(weights, backend)))(weights.params, weights.buffers, x, y);

  return {
    async inspect(weights, when, backend) {
      const { flow } = await look(weights, backend);
      statesOf(flow).forEach(({ path, tensor }, i) => {
        const norms = valuesOf(tensor);
        const state = path.split(".").at(-1)!;
        // The number keeps the series in the order of the states.
        context.series(`gradient-flow-${i + 1}-${path.replaceAll(".", "-")}`, {
          title: `Gradient norm dL/d${state}ₜ over the time axis`,
          x: { label: "time step t", values: norms.map((_, t) => t + 1) },
          y: { label: `‖dL/d${state}ₜ‖`, log: true },
          lines: { [when]: norms },
        });
      });
    },
    measure: async (weights, backend) => ({ horizon: item((await look(weights, backend)).horizon) }),
  };
}
