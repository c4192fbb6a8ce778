import { messageOf } from "../error.ts";
import type { Results } from "../results.ts";
import { isSameSetting, kindIn } from "../same-setting.ts";
import { holm } from "../statistics/tests.ts";
import type { Claim, ClaimKind, Verdict } from "./claim.ts";
import { formatP, SIGNIFICANT } from "./evidence.ts";
import { verdictSchema } from "./schema.ts";
import { verdictWords } from "./words.ts";

/** A claim with its verdict. */
export interface JudgedClaim extends Verdict {
  readonly text: string;
  readonly kind: ClaimKind;
  /** The verdict in the words of the claim's kind, such as "confirmed". */
  readonly words: string;
  /** `p`, corrected for the number of claims by Holm's method. */
  readonly corrected?: number;
}

/**
 * Tests the claims of a study and corrects the verdicts for the number of tests (Holm), so that no claim is confirmed
 * only because there are many.
 */
export function judgeClaims(
  claims: readonly Claim[],
  results: Results,
  { budget }: { readonly budget?: string } = {},
): JudgedClaim[] {
  const verdicts = claims.map((claim) =>
    judged({ text: claim.text, kind: kindIn(claim, budget), ...verdictOf(claim, results, budget) }),
  );
  const tested = verdicts.flatMap(({ p }) => (p === undefined ? [] : [p]));
  if (tested.length < 2) return verdicts;
  const corrected = holm(tested);
  let next = 0;
  return verdicts.map((verdict) => {
    const p = verdict.p === undefined ? undefined : corrected[next++];
    if (p === undefined) return verdict;
    const because = `${verdict.because}, ${formatP(p)} after Holm’s correction for ${tested.length} claims`;
    return judged({ ...verdict, because, corrected: p, verdict: p < SIGNIFICANT ? verdict.verdict : "undecided" });
  });
}

/** Why a published number is not compared. */
const OTHER_SETTING = "The setting of this run is not the published one, so the numbers are not compared";

/** Adds the words of the verdict. */
export function judged(claim: Omit<JudgedClaim, "words">): JudgedClaim {
  return { ...claim, words: verdictWords(claim.kind, claim.verdict) };
}

/** A test can be any function. Whatever it does, the claim gets a verdict. */
function verdictOf(claim: Claim, results: Results, budget: string | undefined): Verdict {
  const undecided = (because: string): Verdict => ({ verdict: "undecided", because });
  if (claim.test.design?.published === true && !isSameSetting(claim.sameSetting ?? true, budget))
    return undecided(OTHER_SETTING);
  try {
    const given: unknown = claim.test(results);
    if (given instanceof Promise) {
      given.catch(() => {});
      return undecided("the test returned a promise, but a claim's test must return its verdict directly");
    }
    const checked = verdictSchema.safeParse(given);
    if (!checked.success)
      return undecided(
        'the test gave no verdict: expected { verdict: "reproduced", "not reproduced" or "undecided", because: a sentence }',
      );
    const { verdict, because, p } = checked.data;
    return p === undefined ? { verdict, because } : { verdict, because, p };
  } catch (error) {
    return undecided(`the test failed: ${messageOf(error)}`);
  }
}
