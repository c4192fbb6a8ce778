import { bias, ones, type Initializer } from "@sluice/params";
import { add, matmul, mul, TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, suggestion } from "@sluice/tensor/internal";
import { defineFusion } from "../define-fusion.ts";
import type { Fusion } from "../fusion.ts";
import { inputsOf, pairOf, type Inputs } from "../inputs.ts";
import { matrices } from "../matrices.ts";
import { whereIn } from "./present.ts";

/** Options of {@link film}. */
export interface FilmOptions<M extends string> {
  /** The two modalities: the spec of each, or the width of a vector. */
  readonly inputs: Inputs<M>;
  /** The modality that scales and shifts the other one. */
  readonly condition: NoInfer<M>;
  /** The initializer of all matrices. Default glorotUniform. */
  readonly kernelInitializer?: Initializer;
}

/** Wgamma and Wbeta `[width of the condition, width of the other]`, bgamma and bbeta `[width of the other]`. */
export type FilmParams = {
  readonly Wgamma: Tensor;
  readonly bgamma: Tensor;
  readonly Wbeta: Tensor;
  readonly bbeta: Tensor;
};

/**
 * Feature-wise linear modulation (FiLM; Perez et al. 2018, arXiv:1709.07871, equations 1 and 2), where f and h of the
 * paper are affine: the condition c scales and shifts every feature of the other modality x:
 *
 *     gamma = c Wgamma + bgamma
 *     beta = c Wbeta + bbeta
 *     h = gamma x + beta                                 elementwise; [batch, width of x]
 *
 * bgamma begins as ones, so that h begins near x. If the condition is missing, h is x; if x is missing, h is 0. Traces:
 * gamma, beta.
 */
export function film<M extends string>(options: FilmOptions<M>): Fusion<FilmParams, M>;
export function film(options: FilmOptions<string>): Fusion<FilmParams> {
  checkOptions("film", options, ["inputs", "condition", "kernelInitializer"]);
  const { condition, kernelInitializer } = options;
  const inputs = inputsOf("film", options.inputs);
  const names = pairOf("film", inputs);
  const signal = names.find((name) => name !== condition);
  if (!names.includes(condition) || signal === undefined)
    throw new TensorError(`film: unknown condition ${String(condition)}; ${suggestion(String(condition), names)}`);
  const [width, features] = [inputs[condition]!.width, inputs[signal]!.width];
  const matrix = matrices(kernelInitializer);
  return defineFusion({
    name: "film",
    inputs,
    stepwise: true,
    features,
    params: {
      Wgamma: matrix([width, features]),
      bgamma: bias([features], { initializer: ones }),
      Wbeta: matrix([width, features]),
      bbeta: bias([features]),
    },
    fuse({ Wgamma, bgamma, Wbeta, bbeta }, given, { trace }) {
      const [x, c] = [given[signal]!, given[condition]!];
      const gamma = trace("gamma", whereIn(c, add(matmul(c.x, Wgamma), bgamma), 1));
      const beta = trace("beta", whereIn(c, add(matmul(c.x, Wbeta), bbeta), 0));
      return { output: whereIn(x, add(mul(gamma, x.x), beta), 0) };
    },
  });
}
