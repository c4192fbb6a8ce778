import type { Metric } from "@sluice/study";
import { watchedBy, watchedValue, type Watch } from "./fit-options.ts";
import type { HistoryRow } from "./history.ts";
import { reaches } from "./stopping.ts";

/** When a trial has solved its task. */
export interface Solved {
  /** The watched value of a validation that counts as a solution, such as a hundredth of the target's variance. */
  readonly at: number;
  /** Whether training ends there. Default true. */
  readonly stop?: boolean;
}

/**
 * The metrics of trials that solve a task or do not. A trial that does not solve it has no number of steps (`null`). So
 * compare steps by the log-rank test (`solvesFaster` of `@sluice/study`), and not by their mean.
 */
export const solvedMetrics = {
  solved: { label: "Solved", unit: "%", better: "higher", split: "validation", digits: 0, curve: false },
  stepsToSolve: { label: "Steps to solve", better: "lower", split: "validation", digits: 0, curve: false },
} as const satisfies { readonly [name: string]: Metric };

/** Which metric says whether a task is solved. */
export interface SolvedBy {
  /** Default: the loss. */
  readonly watch?: Watch<string> | undefined;
  readonly metrics?: object | undefined;
}

/** The metrics of {@link solvedMetrics}: the steps are those of the first validation that is a solution. */
export function solvedIn(
  history: readonly HistoryRow[],
  { at }: Solved,
  { watch, metrics }: SolvedBy,
): { readonly solved: number; readonly stepsToSolve: number | null } {
  const watched = watchedBy(watch, metrics);
  const valueOf = watchedValue(watched);
  const first = history.find(({ validation }) => validation !== undefined && reaches(valueOf(validation), at, watched));
  return { solved: first === undefined ? 0 : 100, stepsToSolve: first?.step ?? null };
}
