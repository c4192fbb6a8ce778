import type { Halves } from "@sluice/data";
import type { TrialContext } from "@sluice/study";
import { mean, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import type { Seen } from "./model.ts";

export interface GatesOptions<P extends Tree> {
  readonly model: { gates(params: P, seen: Seen): Readonly<Record<string, Tensor>> };
  readonly params: P;
  /** Digits with both halves. */
  readonly examples: Halves;
}

/**
 * How far a gated fusion opens to each half, by digit, as a mean over its units and the examples. Undefined for a
 * fusion without gates.
 */
export function recordGates<P extends Tree>(
  context: Pick<TrialContext, "series">,
  { model, params, examples }: GatesOptions<P>,
): void {
  const gates = Object.entries(model.gates(params, examples));
  if (gates.length === 0) return;
  const digits = Array.from({ length: 10 }, (_, digit) => digit);
  const classes = valuesOf(examples.y);
  const byDigit = (gate: Tensor): number[] => {
    const open = valuesOf(mean(gate, 1));
    return digits.map((digit) => averageOf(open.filter((_, i) => classes[i] === digit)));
  };
  context.series("gates", {
    title: "How far the gated fusion opens to each half, by digit",
    x: { label: "digit", values: digits },
    y: { label: "mean gate after training" },
    lines: Object.fromEntries(gates.map(([name, gate]) => [`${name.replace("fusion.gate.", "")} half`, byDigit(gate)])),
  });
}

function averageOf(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0) / values.length;
}
