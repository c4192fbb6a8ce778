import { TensorError, type Shape, type Tensor } from "@sluice/tensor";
import { checkOptions, checkTree, suggestion, shown } from "@sluice/tensor/internal";
import type { PlacementOptions } from "./normalizer.ts";

interface Options extends PlacementOptions {
  readonly epsilon?: number;
}

const placements = ["branches", "input", "gates"];

/** Rejects unknown options, an epsilon that is not positive, and an unknown placement. */
export function check(name: string, options: Options, known: readonly string[]): void {
  checkOptions(name, options, ["placement", "cell", ...known], {
    eps: "epsilon",
    gamma: "gain",
    beta: "bias",
    decay: "momentum",
    maxLength: "steps",
    scale: "gain",
    center: "bias",
    numGroups: "groups",
    num_groups: "groups",
    heads: "groups",
    alpha: "initialAlpha",
  });
  const { epsilon, placement } = options;
  if (epsilon !== undefined && !(epsilon > 0 && epsilon < Infinity)) {
    throw new TensorError(
      `${name}: expected epsilon > 0, got ${shown(epsilon)}; without it, a row of equal features, such as a state of zeros, gives 0 / 0`,
    );
  }
  if (placement !== undefined && !placements.includes(placement)) {
    throw new TensorError(`${name}: unknown placement ${placement}; ${suggestion(placement, placements)}`);
  }
}

/**
 * Throws unless `params` holds exactly the `known` parameters and the `scalars`. Each known one must span the last axes
 * of `x`: the last axis alone, or all axes but the batch.
 */
export function checkParams(
  name: string,
  known: readonly string[],
  params: Readonly<Record<string, Tensor>>,
  x: Tensor,
  scalars: readonly string[] = [],
): void {
  checkTree(
    name,
    "parameters",
    [
      ...known.map((path) => ({
        path,
        shape: x.shape.slice(-Math.max(1, params[path]?.shape.length ?? 1)),
        dtype: x.dtype,
      })),
      ...scalars.map((path) => ({ path, shape: [], dtype: x.dtype })),
    ],
    params,
  );
}

/** The running statistics among a normalizer's buffers: `mean` and `variance`, both of this shape. */
export function checkStatistics(
  name: string,
  buffers: Readonly<Record<string, Tensor>>,
  shape: Shape,
  { dtype }: Tensor,
): { readonly mean: Tensor; readonly variance: Tensor } {
  checkTree(
    name,
    "buffers",
    ["mean", "variance"].map((path) => ({ path, shape, dtype })),
    buffers,
  );
  const { mean, variance } = buffers;
  if (mean === undefined || variance === undefined) throw new TensorError(`${name}: no buffers mean and variance`);
  return { mean, variance };
}
