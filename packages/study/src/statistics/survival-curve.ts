import { expF64, logF64 } from "@sluice/tensor/internal";
import { requireConfidence, type Interval } from "./intervals.ts";
import { requireRuns, type StepsToSolve } from "./log-rank.ts";
import { normalQuantile } from "./normal.ts";

/** A step of a Kaplan-Meier curve. */
export interface SurvivalPoint extends Interval {
  /** A number of steps at which at least one run solved the task. */
  readonly steps: number;
  /** The estimated share of runs that are still unsolved after it. */
  readonly unsolved: number;
}

/**
 * The share of runs that have not solved their task after each number of steps (Kaplan and Meier 1958). Runs that ended
 * unsolved count as long as they were watched. The interval of each point is Greenwood's on the scale of log(-log), as
 * lifelines and R's `conf.type = "log-log"` compute it; at a share of 0 it is 0 to 0.
 *
 * @throws an error without runs, or for a number of steps that is negative or not finite.
 */
export function survivalCurve(
  runs: readonly StepsToSolve[],
  { confidence = 0.95 }: { readonly confidence?: number } = {},
): readonly SurvivalPoint[] {
  requireConfidence("survivalCurve", confidence);
  requireRuns("survivalCurve", runs);
  const z = normalQuantile((1 + confidence) / 2);
  const events = [...new Set(runs.filter(({ solved }) => solved).map(({ steps }) => steps))].sort((a, b) => a - b);
  let unsolved = 1;
  let greenwood = 0;
  return events.map((at) => {
    const risk = runs.filter(({ steps }) => steps >= at).length;
    const solved = runs.filter((run) => run.solved && run.steps === at).length;
    unsolved *= 1 - solved / risk;
    greenwood += solved / (risk * (risk - solved));
    if (risk === solved) return { steps: at, unsolved: 0, low: 0, high: 0 };
    const centre = logF64(-logF64(unsolved));
    const half = (z * Math.sqrt(greenwood)) / -logF64(unsolved);
    return { steps: at, unsolved, low: expF64(-expF64(centre + half)), high: expF64(-expF64(centre - half)) };
  });
}

/** The steps after which at most half of the runs are unsolved; `null` if more than half never solved their task. */
export function medianSteps(curve: readonly SurvivalPoint[]): number | null {
  // A share of 1/2 is a product of fractions and may be rounded.
  return curve.find(({ unsolved }) => unsolved <= 0.5 + 1e-9)?.steps ?? null;
}
