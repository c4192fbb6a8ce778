import type { Layer } from "@sluice/cells";
import { gatesOverTime } from "@sluice/inspect";
import { studyError, type TrialContext } from "@sluice/study";
import { compile, leavesOf, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import type { ClassificationTask } from "./members/classification.ts";

/** Options for measuring how open gates are. */
export interface GateOpennessOptions<P extends Tree> {
  /** From `[batch, time, features]`. */
  readonly model: Layer<P>;
  /** The examples on which the gates are measured: `[batch, time, features]`. */
  readonly x: Tensor;
  /** Names of traced gates, such as "forget". With none, nothing is written. */
  readonly gates: readonly string[];
}

/**
 * Measures how open the gates of a trained model are: the mean of each gate over units and examples, at every step.
 * Writes one series with a line for each gate, at the end of training.
 *
 * @throws an error that names the traces of the model if it has none of a gate's name.
 */
export function gateOpennessOf<P extends Tree>(
  context: Pick<TrialContext, "series">,
  { model, x, gates }: GateOpennessOptions<P>,
): Required<Pick<ClassificationTask<P, never>, "inspect">> {
  return {
    async inspect({ params, buffers }, when, backend) {
      if (when !== "end of training" || gates.length === 0) return;
      const measure = (weights: P, state: Tree, inputs: Tensor) =>
        gatesOverTime(model.apply(weights, inputs, { traces: true, buffers: state }).traces);
      const measured = await (await compile(measure, [params, buffers, x], { backend }))(params, buffers, x);
      const lines: { [gate: string]: ArrayLike<number> } = {};
      for (const { path, tensor } of leavesOf(measured)) {
        // Such as 0.forget.mean: layer, gate, statistic.
        const [statistic, gate = ""] = path.split(".").reverse();
        if (statistic === "mean" && gates.includes(gate)) lines[gate] = valuesOf(tensor);
      }
      const missing = gates.filter((gate) => lines[gate] === undefined);
      if (missing.length > 0)
        throw studyError(
          `gateOpennessOf: the model traces no ${missing.join(", ")}; its traces are ${Object.keys(measured).join(", ")}`,
        );
      const [first] = Object.values(lines);
      context.series("gates", {
        title: "Openness of the gates over the time axis",
        x: { label: "time step t", values: Array.from({ length: first?.length ?? 0 }, (_, t) => t + 1) },
        y: { label: "openness of the gate" },
        lines,
      });
    },
  };
}
