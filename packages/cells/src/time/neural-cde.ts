import { bias, kernel } from "@sluice/params";
import {
  add,
  equal,
  expand,
  mul,
  reshape,
  scalar,
  select,
  sliceAxis,
  sub,
  sum,
  tanh,
  TensorError,
} from "@sluice/tensor";
import type { Tensor } from "@sluice/tensor";
import { shown, suggestion } from "@sluice/tensor/internal";
import { defineCell } from "../definition/define-cell.ts";
import { activationOf, type Activation } from "../options/activations.ts";
import { hiddenWidths, perceptron, perceptronSpecs } from "./perceptron.ts";
import { checkSolver, solveOde, type OdeMethod } from "./solvers.ts";

const paths = ["linear", "cubic"] as const;

/** What {@link neuralCde} reads at each step: a knot of a path of lines, or a piece of a cubic path. */
export type CdePath = (typeof paths)[number];

/**
 * Neural controlled differential equation (Kidger et al. 2020, arXiv:2005.08926): the state follows a path X that is
 * made of the observations, and changes only where X does.
 *
 *     z_1 = X_1 W + b                                      at the first knot, whatever the state before it
 *     z_k = z_{k-1} + integral f(z) dX                     from knot k - 1 to knot k
 *     f   = tanh(perceptron(z))                            a matrix [hidden, channels]
 *
 * The input is a path of `@sluice/irregular`, of which time is a channel; each step takes the state to its knot.
 *
 * - `path: "linear"` (default): x_k is the knot X_k `[channels]` of `linearPath` or `rectilinearPath`, and dX is `X_k -
 *   X_{k-1}`. With the rectilinear path the cell is causal, and reads a stream with two steps per observation.
 * - `path: "cubic"`: x_k is the piece that ends at knot k, `[4 channels]`, of `naturalCubicPath` or `hermitePath`, so
 *   `input` is four times the number of channels. Do not mask steps: a piece that is left out is a jump.
 *
 * Each piece is solved by the same fixed number of steps, in which its time is rescaled to [0, 1]; an equation that is
 * driven by X does not depend on how X is timed. Compared with torchcde's `cdeint`, whose fixed steps need `perturb`
 * for paths with corners. The initial layer is linear, as in torchcde's example.
 *
 * Options: `method` "euler", "midpoint" or "rk4" (default) and `steps` per piece (default 1); of f, the hidden `layers`
 * (default 1), their `units` (default: hidden) and `activation` (default relu). Parameters: initial.W `[channels,
 * hidden]`, initial.b `[hidden]`; field.0.W `[hidden, units]`, field.0.b, and so on, of which the last gives the rows of
 * f one after another, `[units, hidden * channels]`. States: z, and for lines `last`, the last knot; output: z. Dropout
 * does not act within f.
 */
export const neuralCde = defineCell({
  name: "neuralCde",
  options: {
    path: "linear" as CdePath,
    method: "rk4" as OdeMethod,
    steps: 1,
    layers: 1,
    units: undefined as number | undefined,
    activation: undefined as Activation | undefined,
  },
  withoutNorm: "its products are those of the field, within the solver, and a linear map of the first knot",
  stepIndex: true,
  params({ input, hidden }, { path, method, steps, layers, units, activation }) {
    checkSolver("neuralCde", { method, steps });
    for (const [name, given] of Object.entries({ units, activation }))
      if (layers === 0 && given !== undefined)
        throw new TensorError(
          `neuralCde: ${name} is ${shown(given)}, but there are no hidden layers; leave ${name} out`,
        );
    const channels = channelsOf(input, path);
    return {
      initial: { W: kernel([channels, hidden]), b: bias([hidden]) },
      field: perceptronSpecs([hidden, ...hiddenWidths("neuralCde", layers, units ?? hidden), hidden * channels]),
    };
  },
  state: ({ input, hidden }, { path }) => ({ z: [hidden], ...(path === "linear" && { last: [input] }) }),
  step(
    { initial, field },
    { z, last },
    x,
    { sizes, stepIndex, input, trace, path, method, steps, activation = "relu" },
  ) {
    const { hidden } = sizes;
    const channels = channelsOf(sizes.input, path);
    const point = path === "linear" ? x : sliceAxis(x, 1, 0, channels);
    const begin = add(input("initial", point, initial.W), initial.b);
    const slope = last === undefined ? cubicSlope(x, channels) : constantSlope(sub(x, last));
    const f = activationOf(activation);
    const along = (y: Tensor, share: number): Tensor => {
      const matrix = reshape(tanh(perceptron(field, y, f)), [y.shape[0] ?? 0, hidden, channels]);
      return sum(mul(matrix, expand(slope(share), 1)), 2);
    };
    const moved = trace("moved", solveOde(along, z, scalar(1, z.dtype), { method, steps }));
    const isFirst = reshape(equal(stepIndex, 0), [x.shape[0] ?? 0, 1]);
    return {
      state: { z: select(isFirst, begin, moved), ...(last !== undefined && { last: x }) },
      output: "z",
    };
  },
});

function channelsOf(input: number, path: CdePath): number {
  if (!paths.includes(path))
    throw new TensorError(`neuralCde: unknown path ${String(path)}; ${suggestion(String(path), paths)}`);
  if (path === "linear") return input;
  if (input % 4 !== 0)
    throw new TensorError(
      `neuralCde: a cubic path has four coefficients for each channel, so input must be a multiple of 4, got ${shown(input)}`,
    );
  return input / 4;
}

/** dX/ds of a line, of which the increment is given. */
const constantSlope = (increment: Tensor) => (): Tensor => increment;

/** dX/ds of the pieces `[a, b, 2c, 3d]`. */
function cubicSlope(x: Tensor, channels: number): (share: number) => Tensor {
  const part = (k: number): Tensor => sliceAxis(x, 1, k * channels, (k + 1) * channels);
  const [b, twoC, threeD] = [part(1), part(2), part(3)];
  return (s) => add(b, mul(add(twoC, mul(threeD, s)), s));
}
