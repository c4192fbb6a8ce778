import { bias, initialize, kernel, randomUniform, type Initializer } from "@sluice/params";
import { add, concat, matmul, mul, onesLike, reshape, select, sliceAxis, sum, type Tensor } from "@sluice/tensor";
import { checkOptions, expF64, logF64 } from "@sluice/tensor/internal";
import type { Fusion } from "./fusion.ts";
import { checkSize, checkWidths, modalitiesOf } from "./modalities.ts";

/** Options of {@link lowRank}. */
export interface LowRankOptions<M extends string> {
  /** The modalities in order, and the width of each. */
  readonly inputs: Readonly<Record<M, number>>;
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
export type LowRankParams<M extends string = string> = {
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
 * The factor of a missing modality is 1, so the product is that of the others. h is `r + b` where all are missing.
 */
export function lowRank<M extends string>(options: LowRankOptions<M>): Fusion<LowRankParams<M>, M>;
export function lowRank(options: LowRankOptions<string>): Fusion<LowRankParams> {
  checkOptions("lowRank", options, ["inputs", "output", "rank", "kernelInitializer"], {
    hidden: "output",
    units: "output",
    features: "output",
  });
  const { inputs, output: features, rank = 4, kernelInitializer } = options;
  checkWidths("lowRank", inputs);
  checkSize("lowRank", "output", features);
  checkSize("lowRank", "rank", rank);
  const names = Object.keys(inputs);
  const factor = (rows: number): ReturnType<typeof kernel> =>
    kernel([rows, rank * features], {
      initializer: kernelInitializer ?? ofVariance(expF64(-logF64(rank) / names.length) / rows),
    });
  const params = { W: Object.fromEntries(names.map((name) => [name, factor(inputs[name]! + 1)])), b: bias([features]) };
  return {
    name: "lowRank",
    inputs,
    features,
    params,
    init: (key, initOptions) => initialize(params, key, initOptions),
    apply(weights, given, fuseOptions = {}) {
      const modalities = modalitiesOf({ name: "lowRank", inputs, params }, weights, given, fuseOptions);
      const { W, b } = weights;
      const factors = modalities.map(({ name, x, present }) => {
        const one = onesLike(sliceAxis(x, x.shape.length - 1, 0, 1));
        const f = matmul(concat([x, one], -1), W[name]!);
        return present === undefined ? f : select(present, f, 1);
      });
      const product = factors.reduce((a, f) => mul(a, f));
      const lead = product.shape.slice(0, -1);
      return { output: add(sum(reshape(product, [...lead, rank, features]), lead.length), b), traces: {} };
    },
  };
}

/** U(+-sqrt(3 variance)) */
function ofVariance(variance: number): Initializer {
  const limit = Math.sqrt(3 * variance);
  return randomUniform({ low: -limit, high: limit });
}
