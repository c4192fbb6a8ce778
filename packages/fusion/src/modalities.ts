/** Checks the arguments of `apply`. */
import { checkParameters, type Specs } from "@sluice/params";
import { isTensor, select, sliceAxis, TensorError, type Tensor, type Tree } from "@sluice/tensor";
import { checkOptions, sameShape, shown, showShape, suggestion } from "@sluice/tensor/internal";
import type { FuseOptions } from "./fusion.ts";

export type Widths = Readonly<Record<string, number>>;

/** One modality of a batch. */
export interface Modality {
  readonly name: string;
  /** `[batch, width]`, 0 in the rows where it is missing. */
  readonly x: Tensor;
  /** bool `[batch, 1]`; undefined if no row misses it. */
  readonly present: Tensor | undefined;
}

export function checkWidths(fusion: string, inputs: Widths): void {
  if (typeof inputs !== "object" || inputs === null)
    throw new TensorError(
      `${fusion}: inputs must be the widths of the modalities, got ${shown(inputs)}; for example { audio: 16, video: 32 }`,
    );
  const names = Object.keys(inputs);
  if (names.length === 0)
    throw new TensorError(
      `${fusion}: inputs is empty; expected the width of each modality, for example { audio: 16, video: 32 }`,
    );
  for (const name of names) {
    if (name.includes("."))
      throw new TensorError(
        `${fusion}: the name of modality "${name}" has a dot, which separates the parts of a parameter's path; use another name`,
      );
    checkSize(fusion, `inputs.${name}`, inputs[name]);
  }
}

export function checkSize(fusion: string, what: string, value: unknown): void {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return;
  throw new TensorError(`${fusion}: ${what} must be an integer >= 1, got ${String(value)}`);
}

/** What the arguments of a fusion's `apply` are checked against. */
export interface Fusing {
  readonly name: string;
  readonly inputs: Widths;
  readonly params: Specs;
}

/**
 * The modalities in the order of `inputs`, with zeros where they are missing. Throws unless `weights` fit the fusion's
 * parameters.
 */
export function modalitiesOf(
  { name: fusion, inputs, params }: Fusing,
  weights: Tree,
  given: Readonly<Record<string, Tensor>>,
  options: FuseOptions,
): Modality[] {
  checkOptions(`${fusion}.apply`, options, ["present"], { mask: "present", masks: "present", missing: "present" });
  const names = Object.keys(inputs);
  const strange = Object.keys(given).find((name) => !Object.hasOwn(inputs, name));
  if (strange !== undefined)
    throw new TensorError(`${fusion}: unknown modality ${strange}; ${suggestion(strange, names)}`);
  const tensors = names.map((name) => tensorOf(fusion, name, given[name], inputs[name]!));
  checkParameters(fusion, params, weights, tensors[0]);
  const lead = tensors[0]!.shape.slice(0, -1);
  tensors.forEach((x, i) => {
    if (sameShape(x.shape.slice(0, -1), lead)) return;
    throw new TensorError(
      `${fusion}: modalities must agree in all axes but the last: ${names[0]} is ${showShape(tensors[0]!.shape)}, ${names[i]} is ${showShape(x.shape)}`,
    );
  });
  const { present } = options;
  const expected = [...lead, names.length];
  if (present !== undefined && (present.dtype !== "bool" || !sameShape(present.shape, expected))) {
    throw new TensorError(
      `${fusion}: present must be bool ${showShape(expected)}, the last axis ${names.join(", ")}, got ${present.dtype} ${showShape(present.shape)}`,
    );
  }
  return tensors.map((x, i) => {
    const name = names[i]!;
    if (present === undefined) return { name, x, present };
    const here = sliceAxis(present, lead.length, i, i + 1);
    return { name, x: select(here, x, 0), present: here };
  });
}

function tensorOf(fusion: string, name: string, x: Tensor | undefined, width: number): Tensor {
  if (x !== undefined && isTensor(x) && x.shape.length >= 2 && x.shape.at(-1) === width) return x;
  if (x !== undefined)
    throw new TensorError(
      `${fusion}: modality ${name} must be [batch, ${width}] or [batch, time, ${width}], got ${showShape(x.shape)}`,
    );
  throw new TensorError(
    `${fusion}: modality ${name} was not given; where it is missing, give any values and set present to false`,
  );
}
