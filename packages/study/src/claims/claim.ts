import type { Results } from "../results.ts";
import type { SameSetting } from "../same-setting.ts";
import type { TestDesign } from "./design.ts";

/** The result of a claim's test. */
export interface Verdict {
  /**
   * Whether the results support the claim ("reproduced"), contradict it, or do neither. The report says it in the words
   * of the claim's kind.
   */
  readonly verdict: "reproduced" | "not reproduced" | "undecided";
  /** The numbers that the verdict is based on, as a sentence without a full stop. */
  readonly because: string;
  /**
   * Two-sided p-value of the test, if it has one. The report corrects it for the number of claims of the study. If the
   * verdict does not survive the correction, it becomes "undecided". A verdict without a p-value is not corrected.
   */
  readonly p?: number;
}

/** The test of a claim: any function of the results. */
export interface ClaimTest {
  /** Returns the verdict on the claim, given the results of a run. */
  (results: Results): Verdict;
  /** What the test can find with how many seeds; the tests of this package say it. */
  readonly design?: TestDesign;
}

/** The kinds of claims; see {@link Claim.kind}. */
export const claimKinds = ["published", "ordering", "own"] as const;

/** A kind of claim; see {@link Claim.kind}. */
export type ClaimKind = (typeof claimKinds)[number];

/** A statement that the study can confirm or refute. */
export interface Claim {
  readonly text: string;
  /**
   * Where the statement comes from. It decides the words of the verdict:
   *
   * - "published" (default): from a paper, and tested in the paper's setting: "reproduced" or "not reproduced".
   * - "ordering": from a paper, but tested in another setting, such as with less data. Only the order of the variants can
   *   be compared: "the ordering holds in this setting" or "the ordering does not hold in this setting".
   * - "own": a question of the study's own: "confirmed" or "not confirmed".
   *
   * Each can be "undecided".
   */
  readonly kind?: ClaimKind;
  /**
   * For a "published" claim: whether the paper's setting is the one measured here, or in which budgets it is:
   * `{ budgets: ["paper"] }`. In other runs the claim is an "ordering", and one about a published number is undecided.
   * Default: true.
   */
  readonly sameSetting?: SameSetting;
  /** Returns the verdict on the claim, given the results of a run. */
  readonly test: ClaimTest;
}
