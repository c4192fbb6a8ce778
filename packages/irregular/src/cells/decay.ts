import { glorotUniform, parameter, type ParameterSpec } from "@sluice/cells";
import { add, exp, neg, relu, tensor, type ArrayTensor, type Shape, type Tensor } from "@sluice/tensor";

/** `gamma = exp(-max(0, s))` of Che et al. 2016, equation 3: from 1, nothing decays, towards 0. */
export const decayRate = (s: Tensor, b: Tensor): Tensor => exp(neg(relu(add(s, b))));

/**
 * Weights of a decay, initially positive: the papers do not say how they begin, and where `W delta + b <= 0` they get no gradient, so a negative weight, or
 * a zero one, would stay as it is.
 */
export const decayWeights = (shape: Shape): ParameterSpec => parameter(shape, { initialiser: glorotUniform, adjust: positive });

const positive = ({ data, shape, dtype }: ArrayTensor): ArrayTensor => tensor(data.map(Math.abs), shape, { dtype });
