import { concat, expand, mul, onesLike, reshape, sliceAxis, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { inputsOf, type Inputs } from "../inputs.ts";

/** Options of {@link tensorFusion}. */
export interface TensorFusionOptions<M extends string> {
  /** The modalities in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
}

/**
 * Tensor fusion (TFN; Zadeh et al. 2017, arXiv:1707.07250): the outer product of all modalities, each with a 1
 * appended, so that it holds each modality, each product of two of them, and so on:
 *
 *     h = vec([x_1; 1] (x) ... (x) [x_M; 1])             [batch, product of (width + 1)]
 *
 * The last modality's index changes fastest. There are no parameters; a layer over h has the weights (with {@link lmf},
 * these are of low rank and h is never formed). A missing modality is zeros with its 1: h then holds the products of
 * the others. The authors' code puts the 1 first.
 */
export function tensorFusion<M extends string>(
  options: TensorFusionOptions<M>,
): Fusion<Readonly<Record<never, never>>, M>;
export function tensorFusion(options: TensorFusionOptions<string>): Fusion<Readonly<Record<never, never>>> {
  checkOptions("tensorFusion", options, ["inputs"]);
  const inputs = inputsOf("tensorFusion", options.inputs);
  return defineFusion({
    name: "tensorFusion",
    inputs,
    stepwise: true,
    features: Object.values(inputs).reduce((product, { width }) => product * (width + 1), 1),
    params: {},
    fuse: (_, given) => ({
      output: Object.values(given)
        .map(({ x }) => withOne(x))
        .reduce(outerProduct),
    }),
  });
}

const withOne = (x: Tensor): Tensor => concat([x, onesLike(sliceAxis(x, x.shape.length - 1, 0, 1))], -1);

/** `[..., m]` and `[..., n]` to `[..., m n]` */
function outerProduct(a: Tensor, b: Tensor): Tensor {
  const [lead, m, n] = [a.shape.slice(0, -1), a.shape.at(-1) ?? 1, b.shape.at(-1) ?? 1];
  return reshape(mul(expand(a, -1), expand(b, -2)), [...lead, m * n]);
}
