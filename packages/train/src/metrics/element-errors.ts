import { convert, valuesOf, type Tensor } from "@sluice/tensor";
import { nth } from "@sluice/tensor/internal";
import { checkSameShape } from "../losses/reduce.ts";
import { countedWeights } from "./counted-weights.ts";
import type { CountedOptions } from "./streaming-metric.ts";

/** Calls `use(weight, p, y)` for every element that counts and is a number. Returns how many of those that count are NaN. */
export function eachElement(
  operation: string,
  given: { readonly prediction: Tensor; readonly target: Tensor; readonly counted: CountedOptions },
  use: (weight: number, p: number, y: number) => void,
): number {
  const { prediction, target, counted } = given;
  checkSameShape(operation, prediction, target);
  const weights = countedWeights(operation, counted, target.shape);
  const [p, y] = [valuesOf(convert(prediction, "f64")), valuesOf(convert(target, "f64"))];
  let nans = 0;
  for (let i = 0; i < y.length; i++) {
    const weight = nth(weights, i);
    if (weight === 0) continue;
    const [own, wanted] = [nth(p, i), nth(y, i)];
    if (Number.isNaN(own) || Number.isNaN(wanted)) nans++;
    else use(weight, own, wanted);
  }
  return nans;
}
