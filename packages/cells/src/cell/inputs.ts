/** What a step reads: its input `x`, and extra inputs by name. */
import { TensorError, type DType, type Shape } from "@sluice/tensor";
import { checkOptions, isFloat, sameShape, shown, showShape } from "@sluice/tensor/internal";

const kindsOfValues = ["any", "nonNegative", "mask"] as const;

/** Shape and dtype of an input for one example and step. */
export interface InputSpec {
  readonly shape: Shape;
  /** Default f32, which is f64 where the parameters are. */
  readonly dtype?: "f32" | "i32" | "bool";
  /**
   * `nonNegative`: finite numbers of at least 0, such as elapsed times. `mask`: 1 or 0, for what was observed or not.
   * Other values are refused where they are known: when a layer is applied to values, and by a stream, but not in a
   * compiled program. Default `any`.
   */
  readonly values?: (typeof kindsOfValues)[number];
}

/** Extra inputs by name: the shape for one example and step, or `{ shape, dtype }`. */
export type Extras = Readonly<Record<string, Shape | InputSpec>>;

/** An input with its dtype filled in. */
export function inputOf(spec: Shape | InputSpec): Required<InputSpec> {
  return { dtype: "f32", values: "any", ...(isShape(spec) ? { shape: spec } : spec) };
}

/** The dtype of a tensor declared as `dtype`, with floats of dtype `float`. */
export const actualDType = (dtype: DType, float: DType): DType => (isFloat(dtype) ? float : dtype);

/** All extra inputs of several parts together. Throws if two parts declare one name differently. */
export function joinExtras(where: string, parts: readonly Extras[]): Extras {
  const all: Record<string, Shape | InputSpec> = {};
  for (const [name, spec] of parts.flatMap((extra) => Object.entries(extra))) {
    const [a, b] = [inputOf((all[name] ??= spec)), inputOf(spec)];
    if (sameShape(a.shape, b.shape) && a.dtype === b.dtype) {
      if (kindsOfValues.indexOf(b.values) > kindsOfValues.indexOf(a.values)) all[name] = spec;
      continue;
    }
    const show = ({ shape, dtype }: Required<InputSpec>): string =>
      a.dtype === b.dtype ? showShape(shape) : `${dtype} ${showShape(shape)}`;
    throw new TensorError(`${where}: its layers read extra ${name} as ${show(a)} and as ${show(b)}; rename one`);
  }
  return all;
}

/** Throws if a declaration of extra inputs is not valid. */
export function checkExtras(where: string, extras: unknown): void {
  for (const [name, spec] of entriesOf(extras)) {
    if (isShape(spec)) continue;
    if (typeof spec !== "object" || spec === null || !("shape" in spec) || !isShape(spec.shape))
      throw new TensorError(
        `${where}.${name} is ${shown(spec)}, expected the shape of one example, such as [64], or { shape, dtype }`,
      );
    checkOptions(`${where}.${name}`, spec, ["shape", "dtype", "values"], { type: "dtype" });
    const dtype: unknown = "dtype" in spec ? spec.dtype : "f32";
    if (dtype !== "f32" && dtype !== "i32" && dtype !== "bool")
      throw new TensorError(`${where}.${name} has the dtype ${shown(dtype)}, expected f32, i32 or bool`);
    const values: unknown = "values" in spec ? spec.values : "any";
    if (!kindsOfValues.some((kind) => kind === values))
      throw new TensorError(`${where}.${name} has the values ${shown(values)}, expected any, nonNegative or mask`);
  }
}

const entriesOf = (value: unknown): [string, unknown][] => Object.entries(value ?? {});

function isShape(spec: unknown): spec is Shape {
  return Array.isArray(spec);
}
