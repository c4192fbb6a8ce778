import { bias, initialize, kernel, randomUniform } from "@sluice/params";
import { add, concat, matmul, sin, sliceAxis, type Tensor } from "@sluice/tensor";
import { checkOptions } from "@sluice/tensor/internal";
import { checkSize } from "../options/size.ts";
import { chosenBias, chosenKernel, weightOptions, type WeightOptions } from "./chosen.ts";
import { timeFeatures, type TimeFeaturesLayer } from "./time-features.ts";

/** Options of {@link time2Vec}. `kernel` and `bias` are W and b, both initially uniform on [-1, 1). */
export interface Time2VecOptions extends WeightOptions {
  /** The number of features: one linear, the others periodic. */
  readonly features: number;
}

/** The parameters of {@link time2Vec}: W `[1, features]`, b `[features]`. */
export type Time2VecParams = { readonly W: Tensor; readonly b: Tensor };

/**
 * Time2Vec (Kazemi et al. 2019, arXiv:1907.05321, equation 1): features of the time t, with learned frequencies and
 * phases.
 *
 *     t2v(t)[0] = w_0 t + b_0
 *     t2v(t)[i] = sin(w_i t + b_i)                  i = 1 ... features - 1
 *
 * It maps times `[batch, time, 1]` to `[batch, time, features]`; {@link withTimeFeatures} puts these beside a sequence,
 * and {@link timeAttention} compares times by them. The paper does not give initial values: W and b begin as in
 * PyTorch's `Linear` of one input, as in the authors' code of mTAN, which learns the same features. Scale times so that
 * typical differences are near 1: a period much longer or shorter than all of them is hard to learn.
 */
export function time2Vec(options: Time2VecOptions): TimeFeaturesLayer<Time2VecParams> {
  checkOptions("time2Vec", options, ["features", ...weightOptions], {
    output: "features",
    units: "features",
    dim: "features",
  });
  const features = checkSize("time2Vec", "features", options.features);
  const initializer = randomUniform({ low: -1, high: 1 });
  const params = {
    W: chosenKernel(kernel([1, features], { initializer }), 1, options),
    b: chosenBias(bias([features], { initializer }), 1, options),
  };
  return timeFeatures({
    kind: "time2Vec",
    input: 1,
    features,
    params,
    init: (key, initOptions) => initialize(params, key, initOptions),
    of({ W, b }: Time2VecParams, t) {
      const y = add(matmul(t, W), b);
      if (features === 1) return y;
      const axis = t.shape.length - 1;
      return concat([sliceAxis(y, axis, 0, 1), sin(sliceAxis(y, axis, 1, features))], axis);
    },
  });
}
