import { digits, type DigitsOptions } from "@sluice/data";
import { key, keyFor, tensor, uniform, valuesOf, type Tensor } from "@sluice/tensor";

/**
 * Handwritten digits, row by row, with noise on every pixel, uniform from `-noise` to `noise`. Without it the first rows
 * of all images are blank, and a normalizer divides their products by a deviation of 0: the gradient then grows by
 * 1 / sqrt(epsilon) at each of these steps. Cooijmans et al. 2017 add noise to the initial state for this reason.
 */
export async function noisyDigits({ noise, ...options }: DigitsOptions & { readonly noise: number }) {
  const { train, validation, test } = await digits({ ...options, by: "rows" });
  const noisy = ({ x, y }: typeof train, split: string): { readonly x: Tensor; readonly y: Tensor } => {
    const pixels = valuesOf(x);
    const draws = valuesOf(uniform(keyFor(key(0), `noise of ${split}`), x.shape));
    const values = Float32Array.from(draws, (draw, i) => Number(pixels[i]) + noise * (2 * draw - 1));
    return { x: tensor(values, x.shape), y };
  };
  return { train: noisy(train, "train"), validation: noisy(validation, "validation"), test: noisy(test, "test") };
}
