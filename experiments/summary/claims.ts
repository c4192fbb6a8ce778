import { formatNumber, type AnchorOfRun, type JudgedClaim } from "@sluice/study";
import type { DatedCommit, StudyHistory } from "./history.ts";
import { capital, plural, stopped, table } from "./markdown.ts";
import type { StudyResults } from "./read-results.ts";

/** A claim of a study, with what is known about it. */
export interface ReportedClaim extends JudgedClaim {
  readonly from: StudyResults;
  /** From 1. */
  readonly number: number;
  /** The published numbers that it is about. */
  readonly anchors: readonly AnchorOfRun[];
  /** Since when it is known; `null` if it was written after the run, `undefined` if that is not known. */
  readonly since: DatedCommit | null | undefined;
}

/** The claims of a study's results. */
export function claimsOf(results: StudyResults, history: StudyHistory | undefined): readonly ReportedClaim[] {
  const { model, study } = results;
  return model.claims.map((claim, index) => {
    const tested = claim.kind === "own" ? [] : (study.claims[index]?.test.design?.of ?? []);
    const anchors = model.manifest.anchors.filter((anchor) =>
      tested.some(
        ({ task, metric, variants }) =>
          anchor.task === task && anchor.metric === metric && variants.includes(anchor.variant),
      ),
    );
    return { ...claim, from: results, number: index + 1, anchors, since: history?.claims[claim.text] };
  });
}

/** How many claims have which verdict. Undecided ones are counted apart. */
export function countsText(claims: readonly ReportedClaim[]): string {
  const decided = claims.filter(({ verdict }) => verdict !== "undecided");
  const count = (words: string): number => decided.filter((claim) => claim.words === words).length;
  const words = [...new Set(decided.map((claim) => claim.words))].sort();
  const undecided = claims.length - decided.length;
  const list = words.map((each) => `- ${capital(each)}: ${count(each)}`);
  return [
    `${plural(claims.length, "claim")}, ${decided.length} of them decided:`,
    "",
    ...(list.length === 0 ? ["- none"] : list),
    "",
    `Undecided: ${undecided}.`,
  ].join("\n");
}

/** All claims, a row each. */
export const claimTable = (claims: readonly ReportedClaim[]): string =>
  table(
    ["study", "claim", "verdict", "published in", "claimed"],
    claims.map((claim) => [
      `[${claim.from.study.name}](#${anchorOf(claim.from.name)}) ${claim.number}`,
      claim.text,
      claim.words,
      claim.anchors.length > 0 ? sourcesText(claim.anchors) : "–",
      sinceText(claim.since),
    ]),
  );

/** A claim as an item of a list: verdict, numbers, method, published numbers, and since when it is known. */
export function claimItem(claim: ReportedClaim): string {
  const published = publishedTexts(claim);
  return [
    `${claim.number}. **${stopped(capital(claim.words))}** ${stopped(claim.text)}`,
    `   ${stopped(claim.because)}`,
    ...(published.length === 0 ? [] : [`   Published: ${stopped(published.join("; "))}`]),
    `   ${stopped(capital(sinceText(claim.since)))}`,
  ].join("\n");
}

/** The part of a link that names the section of results. */
const anchorOf = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, "");

/** The published numbers, by the table that they are from. */
function publishedTexts({ anchors, from }: ReportedClaim): string[] {
  const tables = Map.groupBy(
    anchors,
    ({ source, setting, sameSetting }) => `${source}${sameSetting ? "" : `, in another setting (${setting})`}`,
  );
  return [...tables].map(([source, numbers]) => {
    const values = numbers.map(({ variant, metric, value, spread }) => {
      const number = formatNumber(value, from.model.manifest.metrics[metric]?.digits);
      return `${variant} ${number}${spread === undefined ? "" : ` (${spread})`}`;
    });
    return `${values.join(", ")} in ${source}`;
  });
}

const sourcesText = (anchors: readonly AnchorOfRun[]): string =>
  [...new Set(anchors.map(({ source, sameSetting }) => `${source}${sameSetting ? "" : ", in another setting"}`))].join(
    "; ",
  );

function sinceText(since: DatedCommit | null | undefined): string {
  if (since === undefined) return "not known when it was written";
  return since === null
    ? "written after the run"
    : `committed before the run: ${since.commit.slice(0, 7)}, ${since.date}`;
}
