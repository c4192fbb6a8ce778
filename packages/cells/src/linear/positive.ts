import { add, less, select, sigmoid, type Tensor } from "@sluice/tensor";

/**
 * The g of minGRU and minLSTM, positive and continuous: x + 1/2 for x >= 0, otherwise sigmoid(x) (Feng et al. 2024,
 * arXiv:2410.01201, appendix B).
 */
export const positive = (x: Tensor): Tensor => select(less(x, 0), sigmoid(x), add(x, 0.5));
