import { optimize, planProgram, type Step } from "@sluice/compiler";
import type { Extras, Layer } from "@sluice/cells";
import { mapSpecs } from "@sluice/params";
import { full, recordProgram, TensorError, type Tensor, type Tree } from "@sluice/tensor";

/**
 * The multiplications of the matrix products of one more step of one sequence, counted in the plan that a backend runs.
 * Elementwise work is not counted.
 */
export function productsPerStep(layer: Layer): number {
  return productsOf(layer, 3) - productsOf(layer, 2);
}

/**
 * The multiplications of the matrix products of one sequence of so many steps. A readout counts as often as it is
 * applied: once, or at every step.
 */
export function productsPerSequence(layer: Layer, steps: number): number {
  if (steps < 3) return productsOf(layer, steps);
  const two = productsOf(layer, 2);
  return two + (steps - 2) * (productsOf(layer, 3) - two);
}

/** The multiplications of all products for one sequence of so many steps, counted in its plan. */
function productsOf(layer: Layer, time: number): number {
  const params = mapSpecs(layer.params, ({ shape }) => full(shape, 0));
  const zeros = (spec: Extras[string]): Tensor => {
    const { shape, dtype = "f32" } = "shape" in spec ? spec : { shape: spec };
    return full([1, time, ...shape], 0, dtype);
  };
  const x = zeros(layer.x ?? [layer.input]);
  const extra = Object.fromEntries(Object.entries(layer.extra).map(([name, spec]) => [name, zeros(spec)]));
  const { program } = recordProgram(
    (weights: Tree, input: Tensor, extras: Readonly<Record<string, Tensor>>) => {
      const buffers = layer.initialBuffers();
      return layer.apply(weights, input, { buffers, extra: extras }).output;
    },
    [params, x, extra],
  );
  return inSteps(planProgram(optimize(program)).steps);
}

function inSteps(steps: readonly Step[]): number {
  return steps.reduce((sum, step) => {
    if (step.kind === "loop") return sum + step.length * inSteps(step.body);
    if (step.kind !== "matmul") return sum;
    const inner = step.a.shape.at(-1);
    if (inner === undefined) throw new TensorError("productsPerStep: a product has no axes");
    return sum + inner * step.c.shape.reduce((a, b) => a * b, 1);
  }, 0);
}
