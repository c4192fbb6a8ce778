import { html } from "@sluice/figures/internal";
import { messageOf } from "../error.ts";
import { trialName } from "../plan.ts";
import type { TrialRecord } from "../results.ts";
import { annotationsSection, tagsLine } from "./annotations-section.ts";
import { claimsSection } from "./claims-section.ts";
import { curveSection, seriesSections } from "./curve-figures.ts";
import { roomFor } from "./curves.ts";
import { importedSection } from "./imported-section.ts";
import type { ReportModel } from "./model.ts";
import { provenance } from "./provenance.ts";
import { dateText, formatSeconds } from "./numbers.ts";
import { overTasksSection } from "./over-tasks.ts";
import { resultsSection, seedsSection } from "./results-section.ts";
import { contents, drawnSection, type Part, type Section } from "./section.ts";
import { STYLE } from "./style.ts";
import { anchorTable, folderText } from "./tables.ts";
import { trialTable } from "./trial-table.ts";
import { tuningSection } from "./tuning-section.ts";

/** The report: one HTML file that loads nothing from the network. */
export function page(model: ReportModel): { readonly text: string; readonly undrawn: readonly string[] } {
  const { manifest } = model;
  const undrawn: string[] = [];
  // Any files and claims may come in here. What one of them breaks is limited to its own part of the page.
  const part: Part = (what, draw) => {
    try {
      return draw();
    } catch (error) {
      undrawn.push(`${what}: ${messageOf(error)}`);
      return html`<p class="note">The ${what} could not be rendered: ${messageOf(error)}</p>`;
    }
  };
  const sections = sectionsOf(model, part);
  const text = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${manifest.title}</title>
        <style>
          ${{ markup: STYLE }}
        </style>
      </head>
      <body>
        <a class="skip" href="#${sections[0]?.id ?? "again"}">Skip to the results</a>
        <header>
          <p class="kicker">${manifest.name}, budget ${manifest.budget}</p>
          <h1>${manifest.title}</h1>
          <p class="question">${manifest.question}</p>
          ${manifest.notes !== undefined && html`<p>${manifest.notes}</p>`}
          <p class="facts">${facts(model)}</p>
          ${tagsLine(model)}
        </header>
        ${contents(sections)}
        <main>${sections.map(drawnSection)}</main>
      </body>
    </html> `.markup;
  return { text, undrawn };
}

/** The sections in the order of the page; those without contents are left out. */
function sectionsOf(model: ReportModel, part: Part): Section[] {
  const { manifest, results } = model;
  const whole = (id: string, title: string, draw: () => Section | null): Section[] => {
    const drawn = part(title.toLowerCase(), draw);
    if (drawn === null) return [];
    return "markup" in drawn ? [{ id, title, body: drawn }] : [drawn];
  };
  const names = new Set(
    results.tasks.flatMap((task) => results.variants.flatMap((variant) => results.seriesNames({ task, variant }))),
  );
  const perVariant = manifest.tasks.length * (Object.keys(manifest.metrics).length + 2 * names.size);
  const room = roomFor(perVariant * manifest.variants.length);
  const series = part("series", () => seriesSections(model, room));
  return [
    ...whole("results", "Results", () => resultsSection(model)),
    ...whole("claims", "Claims", () => claimsSection(model)),
    ...whole("over-tasks", "Over all tasks", () => overTasksSection(model)),
    ...whole("curves", "Training curves", () => curveSection(model, room)),
    ...("markup" in series ? [{ id: "figures", title: "Figures of the study", body: series }] : series),
    ...whole("tuning", "Tuning", () => tuningSection(model)),
    ...whole("seeds", "Every seed", () => seedsSection(model, part)),
    ...whole("published", "Published beside measured", () =>
      manifest.anchors.length === 0
        ? null
        : { id: "published", title: "Published beside measured", body: anchorTable(results, manifest.anchors) },
    ),
    ...whole("annotations", "Tags and notes", () => annotationsSection(model)),
    ...whole("imported", "Imported trials", () => importedSection(model)),
    ...whole("unfinished", "Trials that did not finish", () => unfinished(model)),
    ...whole("again", "Run it again", () => ({ id: "again", title: "Run it again", body: provenance(model) })),
  ];
}

function facts({ manifest, results }: ReportModel): string {
  const { trials } = results;
  const count = (status: TrialRecord["status"]): number => trials.filter((trial) => trial.status === status).length;
  const states = (["done", "diverged", "failed", "interrupted", "unreadable", "waiting"] as const)
    .filter((status) => count(status) > 0)
    .map((status) => `${count(status)} ${status}`);
  const imported = trials.filter((trial) => trial.imported !== undefined).length;
  if (imported > 0) states.push(`${imported} of them imported`);
  const seeds = new Set(trials.map((trial) => trial.seed)).size;
  const folds = new Set(trials.flatMap(({ fold }) => fold?.index ?? [])).size;
  const parts = [
    plural(manifest.tasks.length, "task"),
    plural(manifest.variants.length, "variant"),
    plural(seeds, "seed"),
    ...(folds === 0 ? [] : [plural(folds, "fold")]),
  ].join(" × ");
  const seconds = trials.reduce((sum, trial) => sum + (trial.seconds ?? 0), 0);
  const dates = dateText(trials.flatMap(({ finished }) => finished ?? []));
  return `${parts}: ${plural(trials.length, "trial")}, ${states.join(", ")}. ${formatSeconds(seconds)} of compute in total.${dates === null ? "" : ` ${dates}.`}`;
}

function unfinished({ results, problems }: ReportModel): Section | null {
  const trials = results.trials.filter((trial) => trial.status !== "done");
  const warned = results.trials.filter((trial) => trial.warnings.length > 0);
  if (trials.length === 0 && warned.length === 0 && problems.length === 0) return null;
  const table = trialTable(trials, results.variants, [
    { title: "status", cell: ({ status }) => status },
    {
      title: "reason",
      kind: "wrap",
      cell: (trial) => html`${(trial.reason ?? "").split("\n")[0]}<br /><code class="soft">${folderText(trial)}</code>`,
    },
  ]);
  const body = html`${
    trials.length === 0
      ? html`<p>None.</p>`
      : html`${table}
          <p class="note">They are counted and left out of the means. Claims that depend on them stay undecided.</p>`
  }${warned.map((trial) => html`<p class="note">${trial.task}, ${trialName(trial)}: ${trial.warnings.join("; ")}.</p>`)}${problems.map((problem) => html`<p class="note">${problem}</p>`)}`;
  return { id: "unfinished", title: "Trials that did not finish", body };
}

const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;
