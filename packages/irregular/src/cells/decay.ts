import { glorotUniform, parameter, type Initializer, type ParameterSpec } from "@sluice/params";
import { add, exp, neg, relu, tensor, type ArrayTensor, type Shape, type Tensor } from "@sluice/tensor";

/** `gamma = exp(-max(0, s))` of Che et al. 2016, equation 3: from 1, nothing decays, towards 0. */
export const decayRate = (s: Tensor, b: Tensor): Tensor => exp(neg(relu(add(s, b))));

/**
 * Weights of a decay, initially positive: the papers do not say how they begin, and where `W delta + b <= 0` they get
 * no gradient, so a negative weight, or a zero one, would stay as it is.
 */
export const decayWeights = (shape: Shape, initializer: Initializer = glorotUniform): ParameterSpec =>
  parameter(shape, { initializer, adjust: positive });

/**
 * {@link glorotUniform} divided by the rows of `[inputs, units]`, for weights that all count in one direction: a decay
 * then begins as strong as the mean of its inputs makes it, however many there are. Undivided, their sum grows with the
 * inputs: 64 units over 37 variables, all seen two days ago, keep a ten-thousandth.
 */
export const meanDecay: Initializer = (key, shape, sizes) => {
  const { data, dtype } = glorotUniform(key, shape, sizes);
  const inputs = shape.length < 2 ? 1 : data.length / Math.max(shape.at(-1)!, 1);
  return tensor(
    data.map((w) => w / inputs),
    shape,
    { dtype },
  );
};

const positive = ({ data, shape, dtype }: ArrayTensor): ArrayTensor => tensor(data.map(Math.abs), shape, { dtype });
