import { mapTree, TensorError, type DType, type Tensor } from "@sluice/tensor";
import { sizeOf } from "@sluice/tensor/internal";
import { inputOf, type Extras } from "../cell/inputs.ts";
import { extraOver } from "./given-inputs.ts";
import type { ApplyOptions, BatchSize } from "./layer.ts";
import { lookedAtOf, whereMasked } from "./looked-at.ts";

/** What the values of an extra input must be, by kind. */
const rules = {
  nonNegative: {
    holds: (value: number) => value >= 0 && value < Infinity,
    expected: {
      range: "finite and at least 0",
      because: "a time between steps is negative where steps are not in the order of time",
    },
  },
  mask: {
    holds: (value: number) => value === 0 || value === 1,
    expected: { range: "0 or 1", because: "it says of each value whether it was observed (1) or is missing (0)" },
  },
};

/**
 * An error where the values of an extra input are known and are not those that the cell declares. `placeOf(i)` says
 * where example i of the leading axes stands, or is undefined where it is not looked at.
 */
export function checkExtraValues(
  name: string,
  extras: Extras,
  given: Readonly<Record<string, Tensor>>,
  placeOf: (example: number) => string | undefined,
): void {
  for (const [input, spec] of Object.entries(extras)) {
    const { shape, values } = inputOf(spec);
    const x = given[input];
    if (values === "any" || x?.kind !== "array") continue;
    const width = sizeOf(shape);
    const { holds, expected } = rules[values];
    for (const [i, value] of x.data.entries()) {
      if (holds(value)) continue;
      const place = placeOf(Math.floor(i / width));
      if (place === undefined) continue;
      throw new TensorError(
        `${name}: extra ${input} must be ${expected.range}, got ${value} ${place}; ${expected.because}`,
      );
    }
  }
}

/**
 * The extra inputs, checked and time first, of a layer that takes all steps at once: zeros where they are not looked
 * at.
 */
export function lookedExtra(
  name: string,
  extras: Extras,
  given: Pick<ApplyOptions, "lengths" | "present" | "mask" | "extra">,
  size: BatchSize & { readonly float: DType },
): Record<string, Tensor> {
  const { mask } = lookedAtOf(name, given, size, { together: true });
  const extra = mapTree(extraOver(name, given.extra ?? {}, extras, size), (x) =>
    mask === undefined ? x : whereMasked(mask, x),
  );
  checkExtraValues(name, extras, extra, (at) => `in row ${at % size.batch}, step ${Math.floor(at / size.batch)}`);
  return extra;
}
