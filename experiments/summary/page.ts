import { claimsOf, claimTable, countsText } from "./claims.ts";
import type { Histories } from "./history.ts";
import { plural } from "./markdown.ts";
import type { StudyResults } from "./read-results.ts";
import { studySection } from "./study-section.ts";

const HEAD = `# Results

This page is written by \`npm run results\` from the finished trials in [results](results). Do not edit it. The
[README](README.md#results) says how results are made, checked and run again.`;

/** The whole page. */
export function resultsPage(all: readonly StudyResults[], histories: Histories): string {
  if (all.length === 0) return `${HEAD}\n\nThere are no results yet.\n`;
  const sections = all.map((results) => {
    const history = histories[results.name];
    return { results, history, claims: claimsOf(results, history) };
  });
  const claims = sections.flatMap((section) => section.claims);
  const trials = all.reduce((sum, { model }) => sum + model.results.trials.length, 0);
  return `${[
    HEAD,
    `${plural(all.length, "run")} with ${plural(trials, "trial")}. ${countsText(claims)}`,
    "A claim about published numbers is *reproduced* or *not reproduced* in the paper's setting. In another setting only its ordering *holds* or *does not hold*. A question of our own is *confirmed* or *not confirmed*. p-values are corrected for the claims of a study (Holm).",
    "## All claims",
    claimTable(claims),
    ...sections.map(({ results, ...rest }) => studySection(results, rest)),
  ].join("\n\n")}\n`;
}
