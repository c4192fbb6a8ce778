import { bias, parameter, type Initializer } from "@sluice/params";
import { add, matmul, mul, sliceAxis, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { checkSize, inputsOf, type Inputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { sharesOf, sumOf } from "./present.ts";

/** Options of {@link lateFusion}. */
export interface LateFusionOptions<M extends string> {
  /** The modalities in order: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** Width of the output: the number of classes, say. */
  readonly output: number;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** For every modality m: W.m `[width, output]` and b.m `[output]`; and a `[modalities]`. */
export type LateFusionParams<M extends string = string> = {
  readonly W: Readonly<Record<M, Tensor>>;
  readonly b: Readonly<Record<M, Tensor>>;
  readonly a: Tensor;
};

/**
 * Late fusion, or fusion of decisions: each modality decides alone, and the decisions are averaged with learned weights
 * (a logarithmic opinion pool, if the output is the logits of classes):
 *
 *     y_m = x_m W_m + b_m
 *     w = softmax(a)                                     over the modalities that are present
 *     h = sum_m w_m y_m                                  [batch, output]
 *
 * a begins as zeros, so that all modalities count the same. The weights of the modalities that are present have the sum
 * 1. h is 0 if all are missing. Traces: decision.m (y_m), `[batch, output]`, from which the loss and the accuracy of
 * each modality alone can be computed, and weight.m, `[batch, 1]` or `[1]` if m is present everywhere.
 */
export function lateFusion<M extends string>(options: LateFusionOptions<M>): Fusion<LateFusionParams<M>, M>;
export function lateFusion(options: LateFusionOptions<string>): Fusion<LateFusionParams> {
  checkOptions("lateFusion", options, ["inputs", "output", "kernelInitializer"], {
    hidden: "output",
    units: "output",
    features: "output",
    classes: "output",
  });
  const { output: features, kernelInitializer } = options;
  const inputs = Object.entries(inputsOf("lateFusion", options.inputs));
  checkSize("lateFusion", "output", features);
  const matrix = matrices(kernelInitializer);
  return defineFusion({
    name: "lateFusion",
    inputs: Object.fromEntries(inputs),
    stepwise: true,
    features,
    params: {
      W: Object.fromEntries(inputs.map(([name, { width }]) => [name, matrix([width, features])])),
      b: Object.fromEntries(inputs.map(([name]) => [name, bias([features])])),
      a: parameter([inputs.length]),
    },
    fuse({ W, b, a }, given, { trace }) {
      const modalities = Object.values(given);
      const w = sharesOf(modalities.map(({ present }, m) => ({ present, score: sliceAxis(a, 0, m, m + 1) })));
      const terms = modalities.map(({ name, x }, m) => {
        const y = trace(`decision.${name}`, add(matmul(x, W[name]!), b[name]!));
        return mul(trace(`weight.${name}`, w[m]!), y);
      });
      return { output: sumOf(terms) };
    },
  });
}
