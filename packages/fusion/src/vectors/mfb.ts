import { dropout as droppedOut } from "@sluice/cells";
import type { Initializer } from "@sluice/params";
import { abs, div, greater, matmul, mul, reshape, select, sign, sum, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, shown } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkSize, inputsOf, pairOf, type Inputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { lengthOf, root } from "./length.ts";
import { whereIn } from "./present.ts";

/** Options of {@link mfb}. */
export interface MfbOptions<M extends string> {
  /** The two modalities x and y, in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** Width of the output, o in the paper. */
  readonly output: number;
  /** How many products are summed for each unit: the rank of its matrix, k in the paper. Default 5. */
  readonly rank?: number;
  /** Rate of dropout of the products in training. Default 0; the paper has 0.1. */
  readonly dropout?: number;
  /** The two normalizations after the sum. Default true. */
  readonly normalized?: boolean;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** U `[width of x, output * rank]` and V `[width of y, output * rank]`. */
export type MfbParams = { readonly U: Tensor; readonly V: Tensor };

/**
 * Multi-modal factorized bilinear pooling (MFB; Yu et al. 2017, arXiv:1708.01471, equation 3, and the normalizations
 * that follow it there):
 *
 *     z = SumPool((x U) (y V), k)                        elementwise product; sums over k neighbours; [batch, output]
 *     z <- sign(z) |z|^0.5                               power normalization
 *     h = z / |z|                                        of length 1
 *
 * The factor of a missing modality is 1; if both are missing, every sum is k. The gradient of the square root at z = 0
 * counts as 0, and so does h where all of z is 0.
 */
export function mfb<M extends string>(options: MfbOptions<M>): Fusion<MfbParams, M>;
export function mfb(options: MfbOptions<string>): Fusion<MfbParams> {
  const { first, second, inputs, features, k, rate, normalized, initializer } = checked(options);
  const matrix = matrices(initializer);
  return defineFusion({
    name: "mfb",
    inputs,
    stepwise: true,
    features,
    params: {
      U: matrix([inputs[first]!.width, features * k]),
      V: matrix([inputs[second]!.width, features * k]),
    },
    fuse({ U, V }, given, { training, key }) {
      const [x, y] = [given[first]!, given[second]!];
      const products = mul(whereIn(x, matmul(x.x, U), 1), whereIn(y, matmul(y.x, V), 1));
      const kept = training ? droppedOut(products, rate, key("dropout")) : products;
      const lead = kept.shape.slice(0, -1);
      const z = sum(reshape(kept, [...lead, features, k]), lead.length + 1);
      return { output: normalized ? ofLengthOne(mul(sign(z), root(abs(z)))) : z };
    },
  });
}

function checked(options: MfbOptions<string>) {
  checkOptions("mfb", options, ["inputs", "output", "rank", "dropout", "normalized", "kernelInitializer"], {
    hidden: "output",
    units: "output",
    features: "output",
    k: "rank",
    factor: "rank",
  });
  const { output: features, rank: k = 5, dropout: rate = 0, normalized = true, kernelInitializer } = options;
  const inputs = inputsOf("mfb", options.inputs);
  const [first, second] = pairOf("mfb", inputs);
  checkSize("mfb", "output", features);
  checkSize("mfb", "rank", k);
  if (!(rate >= 0 && rate < 1))
    throw new TensorError(`mfb: dropout must be a rate from 0 to less than 1, got ${shown(rate)}`);
  return { first, second, inputs, features, k, rate, normalized, initializer: kernelInitializer };
}

/** Divided by its length along the last axis; 0 where the length is 0. */
function ofLengthOne(z: Tensor): Tensor {
  const length = lengthOf(z);
  return div(z, select(greater(length, 0), length, 1));
}
