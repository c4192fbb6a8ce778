import { add, max, min, mul, type Tensor } from "@sluice/tensor";

/** Theano's hard sigmoid, `min(max(0.2 x + 0.5, 0), 1)`. PyTorch's and Keras 3's has the slope 1/6. */
export const theanoHardSigmoid = (x: Tensor): Tensor => min(max(add(mul(0.2, x), 0.5), 0), 1);
