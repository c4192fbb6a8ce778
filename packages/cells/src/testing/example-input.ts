import { bernoulli, convert, uniform, type ArrayTensor, type Shape, type Tensor } from "@sluice/tensor";
import { inputOf, type InputSpec } from "../cell/inputs.ts";

/**
 * Values that an input may have, `[...lead, ...shape]`: numbers from 0.1 to 1, zeros and ones for a mask and for
 * integers, and bools.
 */
export function exampleInput(given: Shape | InputSpec, lead: Shape, key: ArrayTensor): Tensor {
  const { shape, dtype, values } = inputOf(given);
  const whole = [...lead, ...shape];
  if (dtype === "f32" && values !== "mask") return uniform(key, whole, { low: 0.1, high: 1 });
  const coins = bernoulli(key, whole, 0.5);
  return dtype === "bool" ? coins : convert(coins, dtype);
}
