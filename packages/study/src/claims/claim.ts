import type { Results } from "../results.ts";

/** The result of a claim's test. */
export interface Verdict {
  readonly verdict: "reproduced" | "not reproduced" | "undecided";
  /** The numbers that the verdict is based on, as a sentence without a full stop. */
  readonly because: string;
  /**
   * Two-sided p-value of the test, if it has one. The report corrects it for the number of claims of the study. If the
   * verdict does not survive the correction, it becomes "undecided". A verdict without a p-value is not corrected.
   */
  readonly p?: number;
}

/** A statement from the paper that the study can confirm or refute. */
export interface Claim {
  readonly text: string;
  /** Returns the verdict on the claim, given the results of a run. */
  test(results: Results): Verdict;
}
