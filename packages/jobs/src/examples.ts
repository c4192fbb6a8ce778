import { full, isTensor, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { describe, shown } from "@sluice/tensor/internal";
import type { FitData, Scored } from "@sluice/trials";

/** Examples whose parts are all tensors, with a target. */
export type Supervised = { readonly [name: string]: Tensor; readonly y: Tensor };

/** Examples with a target, of which only some values may count. */
export type TaskExamples = { readonly [name: string]: Tensor | Scored };

/** Examples that have the target `y`. */
export type Targeted = TaskExamples & { readonly y: Tensor | Scored };

/** Whether a target says which of its values count. */
export function isScored(y: Tree | undefined): y is Scored {
  if (y === undefined || isTensor(y)) return false;
  const parts = new Map<string, Tree>(Object.entries(y));
  return isTensorPart(parts.get("values")) && isTensorPart(parts.get("counts"));
}

/** The numbers of a target, or its classes. */
export function valuesIn(place: string, y: Tree | undefined): Tensor {
  if (isScored(y)) return y.values;
  if (isTensorPart(y)) return y;
  throw new TensorError(`${place}: the examples have no target y, a tensor or { values, counts }; got ${shown(y)}`);
}

const isTensorPart = (part: Tree | undefined): part is Tensor => part !== undefined && isTensor(part);

/** The number of examples. */
export const rowCount = ({ y }: Targeted): number => (isTensor(y) ? y : y.values).shape[0] ?? 0;

/** The parts of examples that are tensors, by name. */
export function tensorsOf(examples: TaskExamples): { readonly [name: string]: Tensor } {
  return Object.fromEntries(
    Object.entries(examples).flatMap(([name, part]) => (isTensorPart(part) ? [[name, part]] : [])),
  );
}

/** Data whose target is one tensor. Throws an error for a target of which only some values count. */
export const withTensors = (place: string, data: FitData<Targeted>): FitData<Supervised> =>
  ofEach(data, (examples) => {
    const { y } = examples;
    if (isTensor(y)) return { ...tensorsOf(examples), y };
    throw new TensorError(
      `${place}: the target y is { values, counts }, expected a tensor; give kind: "forecast" or "imputation"`,
    );
  });

/** Data whose target says which of its values count: of a tensor, all. */
export const withScored = (data: FitData<Targeted>): FitData<Targeted & { readonly y: Scored }> =>
  ofEach(data, (examples) => {
    const { y } = examples;
    return { ...examples, y: isTensor(y) ? { values: y, counts: full(y.shape, 1, "bool") } : y };
  });

function ofEach<A, B>({ train, validation, test }: FitData<A>, change: (examples: A) => B): FitData<B> {
  return {
    train: change(train),
    ...(validation === undefined ? {} : { validation: change(validation) }),
    ...(test === undefined ? {} : { test: change(test) }),
  };
}

/** The splits as they are, with other examples. */
export const everySplit = ofEach;

/** What a target is, for errors. */
export const targetText = (y: Tree | undefined): string =>
  isScored(y) ? `{ values: ${describe(y.values)}, counts }` : isTensorPart(y) ? `${y.dtype} ${describe(y)}` : shown(y);
