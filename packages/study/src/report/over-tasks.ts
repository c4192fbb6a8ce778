import { formatNumber, rankFigure, type Theme } from "@sluice/figures";
import { html } from "@sluice/figures/internal";
import { csv, downloads, fileName } from "./downloads.ts";
import type { ReportModel } from "./model.ts";
import { missingForRanks, ranksOverTasks, type RanksOverTasks } from "./ranks-over-tasks.ts";
import type { Section } from "./section.ts";
import { metricLabel } from "./tables.ts";

/**
 * The critical-difference diagram over the tasks, with the test that it shows, or what it lacks; `null` for a study of
 * few tasks.
 */
export function overTasksSection({ manifest, results }: ReportModel): Section | null {
  if (manifest.remade === true) return null;
  const found = ranksOverTasks(results);
  if (found === null) return lackingSection(results);
  const file = fileName(manifest.name, "mean-ranks");
  const drawn = (theme: Theme): string => figure(found, manifest.variants, theme);
  return {
    id: "over-tasks",
    title: "Over all tasks",
    body: html`<div class="panels">
        <figure class="panel">
          ${{ markup: drawn("auto") }}
          ${downloads("mean ranks over the tasks", [
            { file: `${file}.svg`, type: "image/svg+xml", text: drawn("light") },
            { file: `${file}.csv`, type: "text/csv", text: pairs(found) },
          ])}
        </figure>
      </div>
      ${[rankingNote(found, manifest.metrics), friedmanNote(found), pairNote(found)].map(
        (text) => html`<p class="note">${text}</p>`,
      )}`,
  };
}

/** Says why there is no diagram, although the study has enough tasks and variants. */
function lackingSection(results: ReportModel["results"]): Section | null {
  const missing = missingForRanks(results);
  if (missing.length === 0) return null;
  const places = missing.map(({ task, variants }) =>
    variants.length === 0 ? `${task} (the variants share no test metric)` : `${task} (${variants.join(", ")})`,
  );
  const text = `No critical-difference diagram: it needs five tasks on which every variant has a value, and there are ${results.tasks.length - missing.length}. Without a value: ${places.join("; ")}.`;
  return { id: "over-tasks", title: "Over all tasks", body: html`<p class="note">${text}</p>` };
}

function figure(
  { ranks, cliques, criticalDifference }: RanksOverTasks,
  order: readonly string[],
  theme: Theme,
): string {
  const data = {
    ranks: Object.fromEntries(ranks.map(({ variant, rank }) => [variant, rank])),
    groups: cliques,
    criticalDifference,
  };
  return rankFigure(data, { title: "Mean rank over the tasks, 1 is the best", width: 420, theme, order });
}

function rankingNote({ metrics, omitted }: RanksOverTasks, known: ReportModel["manifest"]["metrics"]): string {
  const labels = [...new Set(Object.values(metrics))].map((name) => known[name]).flatMap((metric) => metric ?? []);
  return [
    `Variants ranked on each of ${Object.keys(metrics).length} tasks by their mean over the seeds: ${labels.map(metricLabel).join(", ")}.`,
    ...(omitted.length === 0 ? [] : [`Left out, because a variant has no value: ${omitted.join(", ")}.`]),
  ].join(" ");
}

function friedmanNote({ imanDavenport: { p } }: RanksOverTasks): string {
  const says =
    p < 0.05
      ? "some variant differs"
      : "no difference among the variants is found, so do not rely on that of a single pair";
  return `Friedman’s test in the form of Iman and Davenport (1980): p = ${pText(p)}, ${says}.`;
}

function pairNote({ test, because, criticalDifference, cliques }: RanksOverTasks): string {
  const why = {
    exact: "",
    "few tasks": " The exact signed-rank test cannot reach its corrected level with so few tasks.",
    "several metrics": " The tasks have several metrics, and only ranks can be compared over them.",
  }[because];
  const method =
    test === "nemenyi"
      ? `Pairs by Nemenyi’s test (1963): at 5 % mean ranks differ if they are at least ${formatNumber(criticalDifference ?? Number.NaN, 2)} apart, the critical difference (CD).${why}`
      : "Pairs by the exact signed-rank test over the tasks, corrected by Holm’s method, at 5 % (Benavoli et al. 2016).";
  return `${method} ${cliques.length === 0 ? "All pairs differ." : "A bar joins variants of which no two were found to differ."}`;
}

const pText = (p: number): string => (p < 0.001 ? "less than 0.001" : formatNumber(p, 3));

function pairs({ ranks, pairs: tested, test }: RanksOverTasks): string {
  const rankOf = new Map(ranks.map(({ variant, rank }) => [variant, rank]));
  return csv(
    ["variant", "other", "mean_rank", "mean_rank_of_other", "corrected_p", "test"],
    tested.map(({ variants: [a, b], p }) => [a, b, rankOf.get(a) ?? null, rankOf.get(b) ?? null, p, test]),
  );
}
