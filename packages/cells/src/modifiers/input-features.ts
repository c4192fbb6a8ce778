import { TensorError } from "@sluice/tensor";
import { showShape } from "@sluice/tensor/internal";
import type { Cell } from "../cell/cell.ts";
import { inputOf } from "../cell/inputs.ts";

/** The number of features that a cell reads, for a modifier that multiplies x by weights or adds to it. */
export function inputFeatures(modifier: string, { name, sizes, input }: Cell): number {
  const { shape, dtype } = inputOf(input ?? [sizes.input]);
  const [features, ...more] = shape;
  if (features !== undefined && more.length === 0 && dtype === "f32") return features;
  throw new TensorError(
    `${modifier}: ${name} reads x as ${dtype} ${showShape(shape)} for one example, but ${modifier} needs a vector of floats`,
  );
}
