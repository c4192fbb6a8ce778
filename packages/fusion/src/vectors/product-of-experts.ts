import { bias, type Initializer } from "@sluice/params";
import { add, div, exp, matmul, mul, neg, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkSize, inputsOf, type Inputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { sumOf, whereIn } from "./present.ts";

/** Options of {@link productOfExperts}. */
export interface ProductOfExpertsOptions<M extends string> {
  /** The modalities in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** Width of the output. */
  readonly output: number;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** For every modality m: W.m and S.m `[width, output]`, b.m and s.m `[output]`. */
export type ProductOfExpertsParams<M extends string = string> = {
  readonly W: Readonly<Record<M, Tensor>>;
  readonly b: Readonly<Record<M, Tensor>>;
  readonly S: Readonly<Record<M, Tensor>>;
  readonly s: Readonly<Record<M, Tensor>>;
};

/**
 * Product of experts (Wu, Goodman 2018, "MVAE", arXiv:1802.05335, section 2.2). Each modality is an expert with a normal
 * distribution for every unit of the output; the product of these distributions and of the prior N(0, 1) is normal too:
 *
 *     mu_m = x_m W_m + b_m
 *     T_m = exp(-(x_m S_m + s_m))                        the precision, 1 / variance
 *     variance = 1 / (1 + sum_m T_m)
 *     mu = variance sum_m mu_m T_m                       [batch, output]
 *
 * A missing modality has the precision 0, so that the others decide, and the prior if all are missing. The output is
 * mu; `outputs.variance` is the variance.
 */
export function productOfExperts<M extends string>(
  options: ProductOfExpertsOptions<M>,
): Fusion<ProductOfExpertsParams<M>, M>;
export function productOfExperts(options: ProductOfExpertsOptions<string>): Fusion<ProductOfExpertsParams> {
  checkOptions("productOfExperts", options, ["inputs", "output", "kernelInitializer"], {
    hidden: "output",
    units: "output",
    features: "output",
  });
  const { output: features, kernelInitializer } = options;
  const inputs = Object.entries(inputsOf("productOfExperts", options.inputs));
  checkSize("productOfExperts", "output", features);
  const matrix = matrices(kernelInitializer);
  const matrixOfEach = () => Object.fromEntries(inputs.map(([name, { width }]) => [name, matrix([width, features])]));
  const biasOfEach = () => Object.fromEntries(inputs.map(([name]) => [name, bias([features])]));
  return defineFusion({
    name: "productOfExperts",
    inputs: Object.fromEntries(inputs),
    stepwise: true,
    features,
    params: { W: matrixOfEach(), b: biasOfEach(), S: matrixOfEach(), s: biasOfEach() },
    fuse({ W, b, S, s }, given) {
      const experts = Object.values(given).map((modality) => {
        const { name, x } = modality;
        const mu = add(matmul(x, W[name]!), b[name]!);
        return { mu, T: whereIn(modality, exp(neg(add(matmul(x, S[name]!), s[name]!))), 0) };
      });
      const variance = div(1, add(1, sumOf(experts.map(({ T }) => T))));
      return { output: mul(variance, sumOf(experts.map(({ mu, T }) => mul(mu, T)))), outputs: { variance } };
    },
  });
}
