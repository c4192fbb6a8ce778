import { all, better, type Claim, type ClaimTest, type Results, type Verdict } from "@sluice/study";

const task = "halves";

/** None of these claims is from a paper, because the task was made for this project. */
export const claims: readonly Claim[] = [
  fused("Concatenation", "Concatenating both halves"),
  fused("Gated", "Gated fusion of both halves"),
  fused("LMF", "Low-rank fusion of both halves"),
  robust("Gated", "gated fusion"),
  robust("LMF", "low-rank fusion"),
];

function fused(variant: string, subject: string): Claim {
  return {
    text: `${subject} is more accurate than the better single half.`,
    kind: "own",
    test: all(
      better({ task, metric: "accuracy", variant, than: "Upper half" }),
      better({ task, metric: "accuracy", variant, than: "Lower half" }),
    ),
  };
}

function robust(variant: string, subject: string): Claim {
  return {
    text: `If either half is missing, ${subject} is more accurate than concatenation.`,
    kind: "own",
    test: all(
      named("Upper half missing", better({ task, metric: "upperMissing", variant, than: "Concatenation" })),
      named("Lower half missing", better({ task, metric: "lowerMissing", variant, than: "Concatenation" })),
    ),
  };
}

/** Prefixes the sentence with the case that the numbers belong to. */
function named(name: string, test: ClaimTest): ClaimTest {
  const prefixed = (results: Results): Verdict => {
    const found = test(results);
    return { ...found, because: `${name}: ${found.because}` };
  };
  return test.design === undefined ? prefixed : Object.assign(prefixed, { design: test.design });
}
