import { all, better, type Claim } from "@sluice/study";

const task = "halves";

/** None of them is a paper's: the task is this project's own. */
export const claims: readonly Claim[] = [
  fused("Concatenation", "Concatenating both halves"),
  fused("Gated", "Gated fusion of both halves"),
  fused("LMF", "Low-rank fusion of both halves"),
  robust("Gated", "gated fusion"),
  robust("LMF", "low-rank fusion"),
];

function fused(variant: string, subject: string): Claim {
  return {
    text: `${subject} is more accurate than the better of the halves alone.`,
    test: all(
      better({ task, metric: "accuracy", variant, than: "Upper half" }),
      better({ task, metric: "accuracy", variant, than: "Lower half" }),
    ),
  };
}

function robust(variant: string, subject: string): Claim {
  return {
    text: `Where a half is missing, whichever it is, ${subject} is more accurate than concatenation.`,
    test: all(
      named("Upper half missing", better({ task, metric: "upperMissing", variant, than: "Concatenation" })),
      named("Lower half missing", better({ task, metric: "lowerMissing", variant, than: "Concatenation" })),
    ),
  };
}

/** Says of which case the figures are. */
function named(name: string, test: Claim["test"]): Claim["test"] {
  return (results) => {
    const found = test(results);
    return { ...found, because: `${name}: ${found.because}` };
  };
}
