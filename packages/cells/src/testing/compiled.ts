import { expectOnBackend } from "@sluice/compiler/testing";
import { TensorError, valueAndGradAux, valuesOf, type Backend } from "@sluice/tensor";
import { expectNear } from "@sluice/tensor/testing";
import type { State } from "../cell/states.ts";
import type { ApplyOptions } from "../layers/layer.ts";
import type { LayerSubject } from "./subject.ts";
import { run, runAt, trained, weighed, type Results, type Trained } from "./runs.ts";

/**
 * Outputs, states and gradients on a backend equal those of the reference backend for the same optimized program, bit
 * for bit or within a relative tolerance. Compiles one program.
 */
export async function onBackend(
  subject: LayerSubject,
  backend: Backend,
  tolerance: number,
  options: ApplyOptions<State> = { lengths: [4, 2, 0] },
): Promise<void> {
  const given = trained(subject);
  const f = valueAndGradAux((at: Trained): { value: ReturnType<typeof weighed>; aux: Results } => {
    const results = runAt(subject, at, options);
    return { value: weighed({ output: results.output, state: results.state }), aux: results };
  });
  const optimized = await expectOnBackend(f, [given], { backend, tolerance });
  // The optimized program computes the cell: its values equal those of the plain run, up to the order of sums.
  const plain = valuesOf(run(subject, options).output);
  const output = optimized.find(({ path }) => path === "aux.output");
  if (output === undefined) throw new TensorError("the program has no output");
  expectNear("the plain output", valuesOf(output.tensor), plain, 1e-5);
}
