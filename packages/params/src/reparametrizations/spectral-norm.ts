import { div, equal, matmul, reshape, select, stopGradient, TensorError, transpose, type Tensor } from "@sluice/tensor";
import { checkOptions, euclideanNorm, showShape, sizeOf, shown } from "@sluice/tensor/internal";
import { buffer } from "../buffers.ts";
import { randomNormal } from "../initializers/random.ts";
import type { Reparametrization } from "./reparametrization.ts";

/** Options of {@link spectralNorm}. */
export interface SpectralNormOptions {
  /** Power iterations per training step. Default 1, as in the paper. */
  readonly iterations?: number;
}

/**
 * Spectral normalization (Miyato et al. 2018, arXiv:1802.05957): `W / s`, where s is the largest singular value of W by
 * power iteration. For weights `[input, units]`, where further leading axes count as inputs:
 *
 *     u <- W^T W u / |W^T W u|,   s = |W u|
 *
 * The vector u `[units]` is a buffer that is kept from step to step, so one iteration per training step is enough.
 * Evaluation uses the last u of training. No gradient flows through u, so the gradient of s is v u^T with `v = W u /
 * |W u|`. In the first steps s is still too small, and the weights are larger than they should be. PyTorch's
 * `spectral_norm` uses v from before the update of u, half an iteration earlier.
 *
 * The only parameter is the weight before the division, under its own name. Throws a TensorError if it has one axis.
 */
export function spectralNorm(options: SpectralNormOptions = {}): Reparametrization<Tensor> {
  checkOptions("spectralNorm", options, ["iterations"], { nPowerIterations: "iterations", steps: "iterations" });
  const { iterations = 1 } = options;
  if (!Number.isInteger(iterations) || iterations < 1)
    throw new TensorError(`spectralNorm: expected at least 1 iteration, got ${shown(iterations)}`);
  return {
    name: "spectralNorm",
    params({ constraint: _, ...weight }) {
      if (weight.shape.length < 2 || sizeOf(weight.shape) === 0)
        throw new TensorError(`spectralNorm: expected weights [input, units], got ${showShape(weight.shape)}`);
      return weight;
    },
    initial: (weight) => weight,
    buffers: ({ shape }) => ({ u: buffer(shape.slice(-1), { initial: randomNormal() }) }),
    weight(weight, { training, buffers }) {
      if (buffers.u === undefined) throw new TensorError("spectralNorm: the buffer u is missing");
      const units = weight.shape.at(-1) ?? 1;
      const W = reshape(weight, [sizeOf(weight.shape) / units, units]);
      const fixed = stopGradient(W);
      const turned = transpose(fixed, [1, 0]);
      let u = unit(reshape(stopGradient(buffers.u), [units, 1]));
      if (training) for (let i = 0; i < iterations; i++) u = unit(matmul(turned, unit(matmul(fixed, u))));
      const largest = euclideanNorm(matmul(W, u));
      return { weight: div(weight, select(equal(largest, 0), 1, largest)), buffers: { u: reshape(u, [units]) } };
    },
  };
}

/** A vector divided by its length; zeros stay zeros. */
function unit(x: Tensor): Tensor {
  const length = euclideanNorm(x);
  return div(x, select(equal(length, 0), 1, length));
}
