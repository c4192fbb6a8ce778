import { glorotUniform, parameter, type Initializer, type ParameterSpec } from "@sluice/params";
import { add, exp, neg, relu, tensor, type ArrayTensor, type Shape, type Tensor } from "@sluice/tensor";

/** `gamma = exp(-max(0, s + b))` (Che et al. 2016): 1 keeps everything, 0 keeps nothing. */
export const decayRate = (s: Tensor, b: Tensor): Tensor => exp(neg(relu(add(s, b))));

/**
 * Weights of a decay, initially positive. Where `W delta + b <= 0` they get no gradient, so a negative or zero weight
 * would never change. The papers do not give initial values.
 */
export const decayWeights = (shape: Shape, initializer: Initializer = glorotUniform): ParameterSpec =>
  parameter(shape, { initializer, adjust: positive });

/**
 * {@link glorotUniform} divided by the number of inputs, for decay weights `[inputs, units]`. These weights are all
 * positive, so their sum over the inputs grows with the number of inputs. Divided, the initial decay does not depend on
 * that number. Undivided, 64 units that read 37 variables, all seen two days ago, keep a ten-thousandth of their state.
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
