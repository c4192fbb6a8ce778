import type { TrialContext } from "@sluice/study";
import { mean, tensor, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import type { Events } from "./model.ts";

export interface KeptOptions<P extends Tree> {
  readonly model: { kept(params: P, events: Events): Tensor | undefined };
  readonly params: P;
  /** Bits per unit of time, and the largest number of bits between two events. */
  readonly steps: number;
  readonly when: string;
}

/**
 * The fraction of its state that a decaying cell keeps, as a mean over the units, by the number of bits since the last
 * event. Undefined for a cell without decay.
 */
export function recordKept<P extends Tree>(
  context: Pick<TrialContext, "series">,
  { model, params, steps, when }: KeptOptions<P>,
): void {
  const bits = Array.from({ length: steps }, (_, i) => i + 1);
  const single = {
    x: tensor(
      bits.map(() => 1),
      [steps, 1, 1],
    ),
    elapsed: tensor(
      bits.map((n) => n / steps),
      [steps, 1, 1],
    ),
    lengths: tensor(Int32Array.from(bits, () => 1)),
  };
  const factors = model.kept(params, single);
  if (factors === undefined) return;
  context.series("kept", {
    title: "Fraction of the state that is kept after a time without events",
    x: { label: "bits since the last event", values: bits },
    y: { label: "mean factor of the state" },
    lines: { [when]: valuesOf(mean(factors, [1, 2])) },
  });
}
