import { bias, type Initializer } from "@sluice/params";
import { add, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkSize, inputsOf, pairOf, type Inputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { bilinearForm } from "./bilinear-form.ts";

/** Options of {@link bilinear}. */
export interface BilinearOptions<M extends string> {
  /** The two modalities x and z, in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** Width of the output. */
  readonly output: number;
  /** The initializer of W. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** W `[width of x, width of z * output]` and b `[output]`. */
export type BilinearParams = { readonly W: Tensor; readonly b: Tensor };

/**
 * Bilinear fusion of two modalities x and z (Tenenbaum, Freeman 2000), with a matrix W_k for each unit k of the output:
 *
 *     h_k = x' W_k z + b_k                               [batch, output]
 *
 * The element (i, j) of W_k is that of W in row i and column `j output + k`. A missing modality is zeros, so h is then
 * b.
 */
export function bilinear<M extends string>(options: BilinearOptions<M>): Fusion<BilinearParams, M>;
export function bilinear(options: BilinearOptions<string>): Fusion<BilinearParams> {
  checkOptions("bilinear", options, ["inputs", "output", "kernelInitializer"], {
    hidden: "output",
    units: "output",
    features: "output",
  });
  const { output: features, kernelInitializer } = options;
  const inputs = inputsOf("bilinear", options.inputs);
  const [x, z] = pairOf("bilinear", inputs);
  checkSize("bilinear", "output", features);
  const [m, n] = [inputs[x]!.width, inputs[z]!.width];
  return defineFusion({
    name: "bilinear",
    inputs,
    stepwise: true,
    features,
    params: { W: matrices(kernelInitializer)([m, n * features]), b: bias([features]) },
    fuse: ({ W, b }, given) => ({ output: add(bilinearForm(given[x]!.x, given[z]!.x, W), b) }),
  });
}
