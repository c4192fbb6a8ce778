import { bias, kernel, randomUniform, type Initializer } from "@sluice/params";
import { add, concat, matmul, mul, onesLike, reshape, sliceAxis, sum, type Tensor } from "@sluice/tensor";
import { checkOptions, expF64, logF64 } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkSize, inputsOf, type Inputs } from "../inputs.ts";
import { whereIn } from "./present.ts";

/** Options of {@link lmf}. */
export interface LmfOptions<M extends string> {
  /** The modalities in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** Width of the output. */
  readonly output: number;
  /** The rank of the weight tensor, r in the paper. Default 4. */
  readonly rank?: number;
  /**
   * The initializer of the factors. Default: uniform with variance `rank^(-1/M) / (width + 1)`. Then h has variance 1
   * for independent inputs of variance 1.
   */
  readonly kernelInitializer?: Initializer;
}

/**
 * For every modality m: W.m `[width + 1, rank * output]`, whose last row belongs to the appended 1; and b `[output]`.
 */
export type LmfParams<M extends string = string> = {
  readonly W: Readonly<Record<M, Tensor>>;
  readonly b: Tensor;
};

/**
 * Low-rank multimodal fusion (LMF; Liu et al. 2018, arXiv:1806.00064). A weight tensor of rank r multiplies the outer
 * product of all modalities, each with a 1 appended. Only its factors are stored; the tensor itself is never formed:
 *
 *     h = sum_{i=1..r} prod_m ([x_m; 1] W_m^(i)) + b          elementwise product over the modalities; [batch, output]
 *
 * The sum over the rank is outside the product, as in the paper's decomposition and in its authors' code. The paper's
 * last form, `prod_m sum_i`, is equal only for r = 1: with the sum inside, r matrices act as one.
 *
 * The factor of a missing modality is 1, so h is the product of the others. If all are missing, h is `r + b`.
 */
export function lmf<M extends string>(options: LmfOptions<M>): Fusion<LmfParams<M>, M>;
export function lmf(options: LmfOptions<string>): Fusion<LmfParams> {
  checkOptions("lmf", options, ["inputs", "output", "rank", "kernelInitializer"], {
    hidden: "output",
    units: "output",
    features: "output",
  });
  const { output: features, rank = 4, kernelInitializer } = options;
  const inputs = Object.entries(inputsOf("lmf", options.inputs));
  checkSize("lmf", "output", features);
  checkSize("lmf", "rank", rank);
  const factor = (rows: number): ReturnType<typeof kernel> =>
    kernel([rows, rank * features], {
      initializer: kernelInitializer ?? ofVariance(expF64(-logF64(rank) / inputs.length) / rows),
    });
  return defineFusion({
    name: "lmf",
    inputs: Object.fromEntries(inputs),
    stepwise: true,
    features,
    params: {
      W: Object.fromEntries(inputs.map(([name, { width }]) => [name, factor(width + 1)])),
      b: bias([features]),
    },
    fuse({ W, b }, modalities) {
      const factors = Object.values(modalities).map((modality) => {
        const { name, x } = modality;
        const one = onesLike(sliceAxis(x, x.shape.length - 1, 0, 1));
        const f = matmul(concat([x, one], -1), W[name]!);
        return whereIn(modality, f, 1);
      });
      const product = factors.reduce((a, f) => mul(a, f));
      const lead = product.shape.slice(0, -1);
      return { output: add(sum(reshape(product, [...lead, rank, features]), lead.length), b) };
    },
  });
}

/** U(+-sqrt(3 variance)) */
function ofVariance(variance: number): Initializer {
  const limit = Math.sqrt(3 * variance);
  return randomUniform({ low: -limit, high: limit });
}
