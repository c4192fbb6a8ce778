import { messageOf } from "../error.ts";
import type { Results } from "../results.ts";
import { holm } from "../statistics/tests.ts";
import type { Claim, Verdict } from "./claim.ts";
import { formatP, SIGNIFICANT } from "./evidence.ts";

export interface JudgedClaim extends Verdict {
  readonly text: string;
  /** `p`, corrected for the number of claims by Holm's method. */
  readonly corrected?: number;
}

/** Tests the claims of a study, and corrects the verdicts for how many were tested (Holm), so that none of them is found true by their number alone. */
export function judgeClaims(claims: readonly Claim[], results: Results): JudgedClaim[] {
  const verdicts = claims.map((claim): JudgedClaim => {
    try {
      return { text: claim.text, ...claim.test(results) };
    } catch (error) {
      return { text: claim.text, verdict: "undecided", because: `the test failed: ${messageOf(error)}` };
    }
  });
  const tested = verdicts.flatMap(({ p }) => (p === undefined ? [] : [p]));
  if (tested.length < 2) return verdicts;
  const corrected = holm(tested);
  let next = 0;
  return verdicts.map((verdict) => {
    const p = verdict.p === undefined ? undefined : corrected[next++];
    if (p === undefined) return verdict;
    const because = `${verdict.because}, ${formatP(p)} after Holm’s correction for ${tested.length} claims`;
    return { ...verdict, because, corrected: p, verdict: p < SIGNIFICANT ? verdict.verdict : "undecided" };
  });
}
