import { bias, type Initializer } from "@sluice/params";
import { add, matmul, relu, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkSize, inputsOf, type Inputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { sumOf, whereIn } from "./present.ts";

/** Options of {@link deepSets}. */
export interface DeepSetsOptions<M extends string> {
  /** The modalities, all of one width: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** Width of phi and of the sum. Default: `output`. */
  readonly hidden?: number;
  /** Width of the output. */
  readonly output: number;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** phi.W `[width, hidden]`, phi.b `[hidden]`, rho.W `[hidden, output]`, rho.b `[output]`. */
export type DeepSetsParams = {
  readonly phi: { readonly W: Tensor; readonly b: Tensor };
  readonly rho: { readonly W: Tensor; readonly b: Tensor };
};

/**
 * Deep sets (Zaheer et al. 2017, arXiv:1703.06114, theorem 2): the modalities are a set. One network phi reads each of
 * them, the results are summed, and a network rho reads the sum:
 *
 *     phi(x) = relu(x W_phi + b_phi)
 *     rho(s) = relu(s W_rho + b_rho)
 *     h = rho(sum_m phi(x_m))                            [batch, output]; the sum is over those present
 *
 * The order of the modalities does not matter, nor which of two is missing if they hold the same values. Encoders bring
 * modalities of other kinds to one width.
 */
export function deepSets<M extends string>(options: DeepSetsOptions<M>): Fusion<DeepSetsParams, M>;
export function deepSets(options: DeepSetsOptions<string>): Fusion<DeepSetsParams> {
  checkOptions("deepSets", options, ["inputs", "hidden", "output", "kernelInitializer"], {
    units: "output",
    features: "output",
  });
  const { output: features, hidden = features, kernelInitializer } = options;
  const inputs = inputsOf("deepSets", options.inputs);
  const [[first, { width }] = ["", { width: 1 }], ...others] = Object.entries(inputs);
  const other = others.find(([, spec]) => spec.width !== width);
  if (other !== undefined)
    throw new TensorError(
      `deepSets: all modalities must have one width, but ${first} has ${width} and ${other[0]} has ${other[1].width}; bring them to one width with encoders, such as dense({ input: ${other[1].width}, output: ${width} })`,
    );
  checkSize("deepSets", "output", features);
  checkSize("deepSets", "hidden", hidden);
  const matrix = matrices(kernelInitializer);
  const layer = (x: Tensor, { W, b }: DeepSetsParams["phi"]): Tensor => relu(add(matmul(x, W), b));
  return defineFusion({
    name: "deepSets",
    inputs,
    stepwise: true,
    features,
    params: {
      phi: { W: matrix([width, hidden]), b: bias([hidden]) },
      rho: { W: matrix([hidden, features]), b: bias([features]) },
    },
    fuse({ phi, rho }, given) {
      const terms = Object.values(given).map((modality) => whereIn(modality, layer(modality.x, phi), 0));
      return { output: layer(sumOf(terms), rho) };
    },
  });
}
