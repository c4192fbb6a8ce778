import { broadcastTo, TensorError, valuesOf, type Shape } from "@sluice/tensor";
import { checkOptions, positionOf, sizeOf } from "@sluice/tensor/internal";
import { maskOver } from "../losses/reduce.ts";
import type { CountedOptions } from "./streaming-metric.ts";

/** The weight of every element of an array of shape `shape`, row-major: 1, or what mask and lengths say. */
export function countedWeights(operation: string, counted: CountedOptions, shape: Shape): ArrayLike<number> {
  checkOptions(operation, counted, ["mask", "lengths"], { weights: "mask", weight: "mask", sample_weight: "mask" });
  const mask = maskOver(operation, counted, shape, "f64");
  if (mask === undefined) return new Float64Array(sizeOf(shape)).fill(1);
  const weights = valuesOf(broadcastTo(mask, shape));
  const strange = weights.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (strange < 0) return weights;
  throw new TensorError(
    `${operation}: the mask is ${weights[strange]} at [${positionOf(strange, shape).join(",")}], expected finite weights >= 0`,
  );
}
