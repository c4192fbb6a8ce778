import type { Results } from "../results.ts";

/**
 * The note below a figure: what its lines and bands show. With several seeds that have folds, each trial is a value of
 * its own.
 *
 * @param average How the trials of a variant become one line.
 * @param joined Whether neighboring points were joined.
 */
export function linesNote(
  { trials }: Pick<Results, "trials">,
  { average, joined }: { readonly average: "mean" | "median"; readonly joined: boolean },
): string {
  const several = new Set(trials.map(({ seed }) => seed)).size > 1;
  const folded = trials.some(({ fold }) => fold !== undefined);
  const joining = "Where there are too many points to draw, neighboring points are joined";
  if (!several && !folded)
    return joined
      ? `One seed. ${joining}: the line is their mean, the band their lowest to highest value.`
      : "One seed.";
  const unit = !folded ? "seed" : several ? "trial" : "fold";
  const each = unit === "trial" ? " (one per seed and fold)" : "";
  return `Line: ${average} over the ${unit}s${each}. Band: lowest to highest value of any ${unit}.${joined ? ` ${joining}.` : ""}`;
}
