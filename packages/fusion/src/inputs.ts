/** Checks the specs of a fusion's modalities. */
import { TensorError } from "@sluice/tensor";
import { checkOptions, shown, suggestion } from "@sluice/tensor/internal";
import type { ModalitySpec } from "./fusion.ts";

/** The modalities in order: the spec of each, or the width of a vector. */
export type Inputs<M extends string = string> = Readonly<Record<M, number | ModalitySpec>>;

/** The specs of all modalities. A number is the width of a vector, or of the given `kind`. */
export function inputsOf(
  fusion: string,
  inputs: Inputs,
  kind: ModalitySpec["kind"] = "vector",
): Readonly<Record<string, ModalitySpec>> {
  if (typeof inputs !== "object" || inputs === null)
    throw new TensorError(
      `${fusion}: inputs must give each modality's width or spec, got ${shown(inputs)}; for example { audio: 16, video: 32 }`,
    );
  const given = Object.entries(inputs);
  if (given.length === 0)
    throw new TensorError(
      `${fusion}: inputs is empty; expected the width of each modality, for example { audio: 16, video: 32 }`,
    );
  return Object.fromEntries(
    given.map(([name, spec]) => {
      if (name.includes("."))
        throw new TensorError(
          `${fusion}: the name of modality "${name}" has a dot, which separates the parts of a parameter's path; use another name`,
        );
      return [name, specOf(fusion, `inputs.${name}`, spec, kind)];
    }),
  );
}

/** The specs of all modalities, which must be sequences. A number is a width. */
export function sequenceInputs(fusion: string, inputs: Inputs): Readonly<Record<string, ModalitySpec>> {
  const specs = inputsOf(fusion, inputs, "sequence");
  const vector = Object.keys(specs).find((name) => specs[name]?.kind !== "sequence");
  if (vector !== undefined) throw new TensorError(`${fusion}: ${vector} is a vector, expected a sequence`);
  return specs;
}

function specOf(fusion: string, place: string, spec: number | ModalitySpec, kind: ModalitySpec["kind"]): ModalitySpec {
  if (typeof spec !== "object" || spec === null) return { kind, width: checkSize(fusion, place, spec) };
  checkOptions(`${fusion}: ${place}`, spec, ["kind", "width", "x", "extra"], { features: "width", size: "width" });
  if (spec.kind !== "vector" && spec.kind !== "sequence")
    throw new TensorError(
      `${fusion}: unknown kind ${String(spec.kind)} of ${place}; ${suggestion(String(spec.kind), ["vector", "sequence"])}`,
    );
  checkSize(fusion, `${place}.width`, spec.width);
  return spec;
}

/** Throws if a size is not an integer >= 1. */
export function checkSize(fusion: string, what: string, value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  throw new TensorError(`${fusion}: ${what} must be an integer >= 1, got ${shown(value)}`);
}

/** Throws if a rate of dropout is not a number from 0 to less than 1. Default 0. */
export function checkRate(fusion: string, option: string, rate = 0): number {
  if (rate >= 0 && rate < 1) return rate;
  throw new TensorError(`${fusion}: ${option} must be a rate from 0 to less than 1, got ${shown(rate)}`);
}

/** Throws if heads do not divide a width. */
export function checkHeads(fusion: string, width: number, heads: number): void {
  checkSize(fusion, "heads", heads);
  if (width % heads !== 0)
    throw new TensorError(`${fusion}: the width must be a multiple of heads (${heads}), got ${width}`);
}

/** The names of two modalities, in order. Throws if there are fewer or more. */
export function pairOf(fusion: string, inputs: Readonly<Record<string, ModalitySpec>>): readonly [string, string] {
  const [first, second, ...others] = Object.keys(inputs);
  if (first !== undefined && second !== undefined && others.length === 0) return [first, second];
  throw new TensorError(`${fusion}: expected two modalities in inputs, got ${Object.keys(inputs).join(", ")}`);
}

/** Throws if there is a single modality. */
export function checkSeveral(fusion: string, inputs: Readonly<Record<string, ModalitySpec>>): void {
  const names = Object.keys(inputs);
  if (names.length < 2)
    throw new TensorError(`${fusion}: expected at least two modalities in inputs, got ${names.join(", ")}`);
}
