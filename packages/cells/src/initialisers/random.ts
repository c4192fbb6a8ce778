import * as random from "@sluice/tensor";
import { keyAt, type ArrayTensor, type Shape } from "@sluice/tensor";
import { arrayOf, type Initialiser } from "./initialiser.ts";

/** Uniform on [low, high). */
export function uniform({ low = -0.05, high = 0.05 }: { readonly low?: number; readonly high?: number } = {}): Initialiser {
  return (key, shape) => arrayOf(random.uniform(key, shape, { low, high, dtype: "f64" }));
}

export function normal({ mean = 0, deviation = 0.05 }: { readonly mean?: number; readonly deviation?: number } = {}): Initialiser {
  return (key, shape) => arrayOf(random.normal(key, shape, { mean, deviation, dtype: "f64" }));
}

/** Standard deviation of a standard normal that is cut off at +-2. */
const CUT_DEVIATION = 0.87962566103423978;

/**
 * Normal, drawn again where further than two deviations from the mean, and then scaled so that `deviation` is what remains (as in Keras and JAX).
 */
export function truncatedNormal({ deviation = 0.05 }: { readonly deviation?: number } = {}): Initialiser {
  return (key, shape) => truncated(key, shape, deviation / CUT_DEVIATION);
}

function truncated(key: ArrayTensor, shape: Shape, scale: number): ArrayTensor {
  const draw = (attempt: number): ArrayTensor => arrayOf(random.normal(keyAt(key, attempt), shape, { dtype: "f64" }));
  const values = new Float64Array(draw(0).data);
  let missing = Array.from(values.keys()).filter((i) => Math.abs(values[i]!) > 2);
  for (let attempt = 1; missing.length > 0; attempt++) {
    const again = draw(attempt).data;
    for (const i of missing) values[i] = again[i]!;
    missing = missing.filter((i) => Math.abs(values[i]!) > 2);
  }
  return random.tensor(
    values.map((x) => x * scale),
    shape,
  );
}
