import { studyError } from "../error.ts";
import type { Json } from "../json.ts";

/** Lists of values, by setting. */
export type Axes = { readonly [setting: string]: readonly Json[] };

/** One value of each list. */
type PointOf<A extends Axes> = { readonly [K in keyof A]: A[K][number] };

/**
 * Every combination of some settings, as variants of a study (or as tasks); the last setting changes fastest. Variants
 * are named by their values, such as "learningRate 0.01, hidden 64". They are plain data, so each combination is part
 * of the identity of its trials.
 *
 * @throws an error for a setting without values, and for one with a repeated value.
 */
export function grid<const A extends Axes>(axes: A): { readonly [variant: string]: PointOf<A> } {
  let points: (readonly (readonly [setting: string, value: Json])[])[] = [[]];
  for (const [setting, values] of Object.entries(axes)) {
    if (values.length === 0) throw studyError(`grid: ${setting} has no values: list at least one`);
    const texts = values.map(valueText);
    const twice = texts.find((text, index) => texts.indexOf(text) !== index);
    if (twice !== undefined) throw studyError(`grid: ${setting} lists ${twice} twice`);
    points = points.flatMap((point) => values.map((value) => [...point, [setting, value] as const]));
  }
  const variants = points.map((point) => [nameOf(point), Object.fromEntries(point)] as const);
  return Object.fromEntries(variants) as { readonly [variant: string]: PointOf<A> };
}

/**
 * Every combination of a variant of the first list with one of the second, which overrides it, such as "GRU, hidden
 * 64".
 *
 * @throws an error if both set the same setting.
 */
export function crossed<const A extends object, const B extends object>(
  first: { readonly [variant: string]: A },
  second: { readonly [variant: string]: B },
): { readonly [variant: string]: A & B } {
  const pairs = Object.entries(first).flatMap(([name, settings]) =>
    Object.entries(second).map(([other, more]) => {
      const both = Object.keys(settings).find((setting) => setting in more);
      if (both !== undefined)
        throw studyError(`crossed: "${name}" and "${other}" both set ${both}: only one of them may`);
      return [`${name}, ${other}`, { ...settings, ...more }] as const;
    }),
  );
  return Object.fromEntries(pairs);
}

/** "learningRate 0.01, hidden 64". */
function nameOf(point: readonly (readonly [setting: string, value: Json])[]): string {
  return point.map(([setting, value]) => `${setting} ${valueText(value)}`).join(", ");
}

function valueText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
