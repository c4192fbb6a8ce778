/** What a layer is given at every step beside `x`: extra inputs and perturbations. */
import { convert, isTensor, TensorError, type DType, type Shape, type Tensor } from "@sluice/tensor";
import { sameShape, showShape, suggestion } from "@sluice/tensor/internal";
import { swapTime } from "../cell/axes.ts";
import { actualDType, inputOf, type Extras } from "../cell/inputs.ts";
import { statesOf, type States } from "../cell/states.ts";
import type { ApplyOptions, BatchSize } from "./layer.ts";

/** The extra inputs, `[batch, time, ...]`, time first. A bool that is read as a number is 0 or 1. */
export function extraOver(
  name: string,
  given: object,
  extras: Extras,
  { batch, time, float }: BatchSize & { readonly float: DType },
): Record<string, Tensor> {
  // The extra inputs of other layers may be among them.
  const tensors = new Map<string, unknown>(Object.entries(given));
  return Object.fromEntries(
    Object.entries(extras).map(([key, spec]) => {
      const { shape, dtype: declared } = inputOf(spec);
      const x = tensorOver(`${name}: extra ${key}`, tensors.get(key), [batch, time, ...shape]);
      const dtype = actualDType(declared, float);
      if (x.dtype === dtype) return [key, x];
      if (x.dtype === "bool") return [key, convert(x, dtype)];
      throw new TensorError(
        `${name}: extra ${key} must be ${dtype}, got ${x.dtype}; convert it, or declare it in the cell's extra as { shape, dtype: "${x.dtype}" }`,
      );
    }),
  );
}

/** The given perturbations `[batch, time, ...]`, moved to time first, by the paths of their states. */
export function perturbationsOver(
  name: string,
  given: ApplyOptions["perturbations"],
  states: States,
  { batch, time }: BatchSize,
): Record<string, Tensor> {
  const shapes = Object.fromEntries(statesOf(states).map(({ path, shape }) => [path, shape]));
  return Object.fromEntries(
    partsOf(given).map(([path, value]) => {
      const shape = shapes[path];
      if (shape === undefined)
        throw new TensorError(`${name}: perturbations has ${path}; ${suggestion(path, Object.keys(shapes))}`);
      return [path, tensorOver(`${name}: perturbations ${path}`, value, [batch, time, ...shape])];
    }),
  );
}

/** The tensors of a tree that may have gaps, by path. */
function partsOf(given: ApplyOptions["perturbations"], path = ""): [string, unknown][] {
  if (given === undefined) return [];
  if (typeof given !== "object" || given === null || isTensor(given)) return [[path, given]];
  return Object.entries<ApplyOptions["perturbations"]>(given).flatMap(([name, part]) =>
    partsOf(part, path === "" ? name : `${path}.${name}`),
  );
}

/** A tensor `[batch, time, ...]`, time first. */
function tensorOver(what: string, value: unknown, expected: Shape): Tensor {
  if (value !== undefined && isTensor(value) && sameShape(value.shape, expected)) return swapTime(value);
  const got =
    value !== undefined && isTensor(value) ? showShape(value.shape) : value === undefined ? "none" : String(value);
  throw new TensorError(`${what} must be ${showShape(expected)} (batch, time, ...), got ${got}`);
}
