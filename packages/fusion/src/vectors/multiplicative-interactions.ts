import { bias, type Initializer } from "@sluice/params";
import { add, matmul, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkSize, inputsOf, pairOf, type Inputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { bilinearForm } from "./bilinear-form.ts";

/** Options of {@link multiplicativeInteractions}. */
export interface MultiplicativeInteractionsOptions<M extends string> {
  /** The two modalities x and z, in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** Width of the output. */
  readonly output: number;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** W `[width of x, width of z * output]`, U `[width of z, output]`, V `[width of x, output]`, b `[output]`. */
export type MultiplicativeInteractionsParams = {
  readonly W: Tensor;
  readonly U: Tensor;
  readonly V: Tensor;
  readonly b: Tensor;
};

/**
 * Multiplicative interactions of two modalities (Jayakumar et al. 2020, "Multiplicative interactions and where to find
 * them"): a {@link bilinear} form, and a linear map of each. One modality thus generates the weights and the bias of a
 * layer over the other:
 *
 *     h_k = z' W_k x + (z U)_k + (x V)_k + b_k           [batch, output]
 *
 * The element (i of x, j of z) of W_k is that of W in row i and column `j output + k`. A missing modality is zeros: h
 * is then a linear map of the other one.
 */
export function multiplicativeInteractions<M extends string>(
  options: MultiplicativeInteractionsOptions<M>,
): Fusion<MultiplicativeInteractionsParams, M>;
export function multiplicativeInteractions(
  options: MultiplicativeInteractionsOptions<string>,
): Fusion<MultiplicativeInteractionsParams> {
  checkOptions("multiplicativeInteractions", options, ["inputs", "output", "kernelInitializer"], {
    hidden: "output",
    units: "output",
    features: "output",
  });
  const { output: features, kernelInitializer } = options;
  const inputs = inputsOf("multiplicativeInteractions", options.inputs);
  const [first, second] = pairOf("multiplicativeInteractions", inputs);
  checkSize("multiplicativeInteractions", "output", features);
  const [m, n] = [inputs[first]!.width, inputs[second]!.width];
  const matrix = matrices(kernelInitializer);
  return defineFusion({
    name: "multiplicativeInteractions",
    inputs,
    stepwise: true,
    features,
    params: {
      W: matrix([m, n * features]),
      U: matrix([n, features]),
      V: matrix([m, features]),
      b: bias([features]),
    },
    fuse({ W, U, V, b }, given) {
      const [x, z] = [given[first]!.x, given[second]!.x];
      return { output: add(add(bilinearForm(x, z, W), add(matmul(z, U), matmul(x, V))), b) };
    },
  });
}
