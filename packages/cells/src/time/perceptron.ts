import { bias, kernel, type ParameterSpec } from "@sluice/params";
import { add, matmul, TensorError, type Tensor } from "@sluice/tensor";
import { checkSize } from "../options/size.ts";

/** A layer of a multilayer perceptron: `x W + b`. */
export type PerceptronLayer = { readonly W: Tensor; readonly b: Tensor };

/** A layer's specs, W `[from, to]` and b `[to]`. */
export type PerceptronLayerSpecs = { readonly W: ParameterSpec; readonly b: ParameterSpec };

/** The layers between vectors of these widths, one layer less than widths. */
export function perceptronSpecs(widths: readonly number[]): readonly PerceptronLayerSpecs[] {
  return widths.slice(1).map((to, i) => ({ W: kernel([widths[i] ?? to, to]), b: bias([to]) }));
}

/** The perceptron of `x` `[batch, from]`: between its layers is `f`, after the last one is nothing. */
export function perceptron(layers: readonly PerceptronLayer[], x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  return layers.reduce((y, { W, b }, i) => add(matmul(i === 0 ? y : f(y), W), b), x);
}

/** The widths of `layers` hidden layers of `units`; an error where there cannot be as many. */
export function hiddenWidths(name: string, layers: number, units: number): readonly number[] {
  if (!Number.isSafeInteger(layers) || layers < 0)
    throw new TensorError(`${name}: the number of hidden layers must be an integer >= 0, got ${String(layers)}`);
  return new Array<number>(layers).fill(checkSize(name, "the width of the hidden layers", units));
}
