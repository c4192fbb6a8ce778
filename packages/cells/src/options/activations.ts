import {
  elu,
  exp,
  gelu,
  hardSigmoid,
  relu,
  sigmoid,
  silu,
  softplus,
  softsign,
  tanh,
  TensorError,
  type Tensor,
} from "@sluice/tensor";
import { suggestion } from "@sluice/tensor/internal";

const activations = {
  linear: (x: Tensor): Tensor => x,
  tanh,
  sigmoid,
  relu,
  hardSigmoid,
  softsign,
  softplus,
  silu,
  elu,
  gelu: (x: Tensor): Tensor => gelu(x),
  exponential: exp,
} as const;

/** The name of a built-in activation. */
export type ActivationName = keyof typeof activations;

/** An activation, given by name or as a function of a tensor. */
export type Activation = ActivationName | ((x: Tensor) => Tensor);

/** The function of an activation. */
export function activationOf(activation: Activation): (x: Tensor) => Tensor {
  if (typeof activation === "function") return activation;
  if (Object.hasOwn(activations, activation)) return activations[activation];
  throw new TensorError(
    `activation: unknown ${String(activation)}; ${suggestion(String(activation), Object.keys(activations))}`,
  );
}
