import { bias, type Initializer } from "@sluice/params";
import { add, concat, matmul, mul, sliceAxis, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkSize, inputsOf, type Inputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { sharesOf, sumOf } from "./present.ts";

/** Options of {@link mixtureOfExperts}. */
export interface MixtureOfExpertsOptions<M extends string> {
  /** The modalities in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** Width of the output. */
  readonly output: number;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** For every modality m: W.m `[width, output]` and b.m `[output]`; G `[sum of widths, modalities]`, g `[modalities]`. */
export type MixtureOfExpertsParams<M extends string = string> = {
  readonly W: Readonly<Record<M, Tensor>>;
  readonly b: Readonly<Record<M, Tensor>>;
  readonly G: Tensor;
  readonly g: Tensor;
};

/**
 * Mixture of experts (Jacobs et al. 1991), one for each modality. A gate that reads all modalities chooses among them
 * anew for each example:
 *
 *     y_m = x_m W_m + b_m
 *     z = softmax([x_1; ...; x_M] G + g)                 over the modalities that are present
 *     h = sum_m z_m y_m                                  [batch, output]
 *
 * The gates of the modalities that are present have the sum 1. h is 0 if all are missing. Traces: gate.m, `[batch, 1]`.
 */
export function mixtureOfExperts<M extends string>(
  options: MixtureOfExpertsOptions<M>,
): Fusion<MixtureOfExpertsParams<M>, M>;
export function mixtureOfExperts(options: MixtureOfExpertsOptions<string>): Fusion<MixtureOfExpertsParams> {
  checkOptions("mixtureOfExperts", options, ["inputs", "output", "kernelInitializer"], {
    hidden: "output",
    units: "output",
    features: "output",
  });
  const { output: features, kernelInitializer } = options;
  const inputs = Object.entries(inputsOf("mixtureOfExperts", options.inputs));
  checkSize("mixtureOfExperts", "output", features);
  const total = inputs.reduce((sum, [, { width }]) => sum + width, 0);
  const matrix = matrices(kernelInitializer);
  return defineFusion({
    name: "mixtureOfExperts",
    inputs: Object.fromEntries(inputs),
    stepwise: true,
    features,
    params: {
      W: Object.fromEntries(inputs.map(([name, { width }]) => [name, matrix([width, features])])),
      b: Object.fromEntries(inputs.map(([name]) => [name, bias([features])])),
      G: matrix([total, inputs.length]),
      g: bias([inputs.length]),
    },
    fuse({ W, b, G, g }, given, { trace }) {
      const modalities = Object.values(given);
      const all = concat(
        modalities.map(({ x }) => x),
        -1,
      );
      const scores = add(matmul(all, G), g);
      const scoreOf = (m: number): Tensor => sliceAxis(scores, scores.shape.length - 1, m, m + 1);
      const z = sharesOf(modalities.map(({ present }, m) => ({ present, score: scoreOf(m) })));
      const terms = modalities.map(({ name, x }, m) =>
        mul(trace(`gate.${name}`, z[m]!), add(matmul(x, W[name]!), b[name]!)),
      );
      return { output: sumOf(terms) };
    },
  });
}
