import { abs, add, mul, relu, sign, type Tensor } from "@sluice/tensor";

/**
 * modReLU (Arjovsky et al. 2016, arXiv:1511.06464) of real numbers: `sign(z) relu(|z| + b)`. It changes the length of a
 * number and keeps its sign; where b is negative, numbers within +-b become 0.
 */
export const modRelu = (z: Tensor, b: Tensor): Tensor => mul(sign(z), relu(add(abs(z), b)));
