import type { Halves } from "@sluice/data";
import type { TrialContext } from "@sluice/study";
import { mean, valuesOf, type Tensor, type Tree } from "@sluice/tensor";
import type { Seen } from "./model.ts";

export interface GatesOptions<P extends Tree> {
  readonly model: { gates(params: P, seen: Seen): Readonly<Record<string, Tensor>> };
  readonly params: P;
  /** Digits of which both halves are there. */
  readonly examples: Halves;
  readonly when: string;
}

/** How far a gated fusion opens to each half, by digit: the mean over its units and the examples. Nothing for a fusion without gates. */
export function recordGates<P extends Tree>(context: Pick<TrialContext, "series">, { model, params, examples, when }: GatesOptions<P>): void {
  const digits = Array.from({ length: 10 }, (_, digit) => digit);
  const classes = valuesOf(examples.y);
  for (const [name, gate] of Object.entries(model.gates(params, examples))) {
    const half = name.replace("gate.", "");
    const open = valuesOf(mean(gate, 1));
    const byDigit = digits.map((digit) => averageOf(open.filter((_, i) => classes[i] === digit)));
    context.series(`gates-${half}`, {
      title: `How far the gate of the ${half} half is open`,
      x: { label: "digit", values: digits },
      y: { label: "gate, mean over the units" },
      lines: { [when]: byDigit },
    });
  }
}

function averageOf(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0) / values.length;
}
