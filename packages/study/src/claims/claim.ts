import type { Results } from "../results.ts";

export interface Verdict {
  readonly verdict: "reproduced" | "not reproduced" | "undecided";
  /** The numbers the verdict rests on, in a sentence without a full stop. */
  readonly because: string;
  /**
   * Two-sided p-value of the test, if it is one: the report corrects it for the number of the study's claims, and a
   * verdict that does not outlive the correction becomes "undecided". A verdict without one stands as it is.
   */
  readonly p?: number;
}

/** A statement of the paper that the study can confirm or refute. */
export interface Claim {
  readonly text: string;
  test(results: Results): Verdict;
}
