import { TensorError } from "@sluice/tensor";
import { fans, type Initializer } from "./initializer.ts";
import { CUT_DEVIATION, truncatedNormal, randomUniform } from "./random.ts";

/**
 * U(+-sqrt(6 / (in + out))), over the whole matrix with all its gates (Glorot, Bengio 2010). Keras's default of
 * kernels.
 */
export const glorotUniform: Initializer = (key, shape, sizes) => {
  const { fanIn, fanOut } = fans(shape);
  return within(6 / (fanIn + fanOut))(key, shape, sizes);
};

/**
 * Normal, truncated at two deviations, with variance 2 / (in + out) after truncation (Glorot, Bengio 2010). Keras's
 * `GlorotNormal`.
 */
export const glorotNormal: Initializer = (key, shape, sizes) => {
  const { fanIn, fanOut } = fans(shape);
  return ofVariance(2 / (fanIn + fanOut))(key, shape, sizes);
};

/** U(+-sqrt(3 / in)) (LeCun et al. 1998). */
export const lecunUniform: Initializer = (key, shape, sizes) => within(3 / fans(shape).fanIn)(key, shape, sizes);

/**
 * Normal, truncated at two deviations, with variance 1 / in after truncation (LeCun et al. 1998). Keras's
 * `LecunNormal`.
 */
export const lecunNormal: Initializer = (key, shape, sizes) => ofVariance(1 / fans(shape).fanIn)(key, shape, sizes);

/** U(+-sqrt(6 / in)) (He et al. 2015), for relu. */
export const heUniform: Initializer = (key, shape, sizes) => within(6 / fans(shape).fanIn)(key, shape, sizes);

/**
 * Normal, truncated at two deviations, with variance 2 / in after truncation (He et al. 2015), for relu. Keras's
 * `HeNormal`; PyTorch's `kaiming_normal_` is not truncated.
 */
export const heNormal: Initializer = (key, shape, sizes) => ofVariance(2 / fans(shape).fanIn)(key, shape, sizes);

/**
 * PyTorch's default: U(+-1 / sqrt(hidden)) for all weights and biases of recurrent layers; U(+-1 / sqrt(in)) for linear
 * layers.
 */
export const pytorchUniform: Initializer = (key, shape, sizes) => {
  const width = sizes.hidden ?? sizes.input;
  if (width === undefined)
    throw new TensorError("pytorchUniform needs sizes { hidden } (or { input } for a linear layer)");
  return within(1 / width)(key, shape, sizes);
};

const within = (squared: number): Initializer => {
  const limit = Math.sqrt(squared);
  return randomUniform({ low: -limit, high: limit });
};

const ofVariance = (variance: number): Initializer =>
  truncatedNormal({ deviation: Math.sqrt(variance) / CUT_DEVIATION });
