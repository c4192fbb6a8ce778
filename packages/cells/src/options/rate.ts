import { TensorError } from "@sluice/tensor";
import { shown } from "@sluice/tensor/internal";

/** Checks a probability; with `below`, 1 is rejected. */
export function checkRate(
  operation: string,
  name: string,
  rate: number,
  { below }: { readonly below: boolean },
): number {
  if (typeof rate === "number" && rate >= 0 && (below ? rate < 1 : rate <= 1)) return rate;
  throw new TensorError(`${operation}: the rate of ${name} must lie in [0, 1${below ? ")" : "]"}, got ${shown(rate)}`);
}
