import type { Axis } from "@sluice/figures";
import { html, type Markup } from "@sluice/figures/internal";
import { messageOf } from "../error.ts";
import { trialName } from "../plan.ts";
import type { TrialRecord } from "../results.ts";
import { binWidth, curveOverSeeds, MOST_POINTS, seriesOverSeeds } from "./curves.ts";
import { extentOf, panel, type Line } from "./figure.ts";
import type { ReportModel } from "./model.ts";
import { linesNote } from "./notes.ts";
import { provenance } from "./provenance.ts";
import { formatSeconds } from "./numbers.ts";
import { STYLE } from "./style.ts";
import { anchorTable, colourOf, folderText, metricLabel, seedTable } from "./tables.ts";
import { trialTable } from "./trial-table.ts";

/** The report: one HTML file that loads nothing from the network. */
export function page(model: ReportModel): { readonly text: string; readonly undrawn: readonly string[] } {
  const { manifest, results } = model;
  const undrawn: string[] = [];
  // Any files and claims may come in here. What one of them breaks is limited to its own part of the page.
  const part: Part = (what, draw) => {
    try {
      return draw();
    } catch (error) {
      undrawn.push(`${what}: ${messageOf(error)}`);
      return html`<section><p class="note">The ${what} could not be rendered: ${messageOf(error)}</p></section>`;
    }
  };
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
        <main>
          <header>
            <p class="kicker">${manifest.name}, budget ${manifest.budget}</p>
            <h1>${manifest.title}</h1>
            <p class="question">${manifest.question}</p>
            ${manifest.notes !== undefined && html`<p>${manifest.notes}</p>`}
            <p class="facts">${facts(model)}</p>
          </header>
          ${part("claims", () => claims(model))} ${resultTables(model, part)} ${part("curves", () => curves(model))}
          ${part("series", () => seriesSections(model))}
          ${
            manifest.anchors.length > 0 &&
            part(
              "published figures",
              () =>
                html`<section>
                  <h2>Published beside measured</h2>
                  ${anchorTable(results, manifest.anchors)}
                </section>`,
            )
          }
          ${unfinished(model)} ${part("provenance", () => provenance(model))}
        </main>
      </body>
    </html> `.markup;
  return { text, undrawn };
}

/** Draws a part of the page, or a note where that fails. */
type Part = <T>(what: string, draw: () => T) => T | Markup;

function resultTables(model: ReportModel, part: Part): Markup {
  const { manifest, results } = model;
  return html`<section>
    <h2>Results</h2>
    <div class="metrics">
      ${Object.entries(manifest.metrics).map(
        ([name, metric]) =>
          html`<div>
            <h3>
              ${metricLabel(metric)}${manifest.remade === true || metric.better === "neither" ? "" : `, ${metric.better} is better`}
            </h3>
            ${part(`table of ${name}`, () => seedTable(results, name, metric))}
          </div>`,
      )}
    </div>
    <p class="note">${intervalNote(model)}</p>
  </section>`;
}

function facts({ manifest, results }: ReportModel): string {
  const { trials } = results;
  const count = (status: TrialRecord["status"]): number => trials.filter((trial) => trial.status === status).length;
  const states = (["done", "diverged", "failed", "interrupted", "unreadable", "waiting"] as const)
    .filter((status) => count(status) > 0)
    .map((status) => `${count(status)} ${status}`);
  const seeds = new Set(trials.map((trial) => trial.seed)).size;
  const folds = new Set(trials.flatMap(({ fold }) => fold?.index ?? [])).size;
  const parts = [
    plural(manifest.tasks.length, "task"),
    plural(manifest.variants.length, "variant"),
    plural(seeds, "seed"),
    ...(folds === 0 ? [] : [plural(folds, "fold")]),
  ].join(" × ");
  const seconds = trials.reduce((sum, trial) => sum + (trial.seconds ?? 0), 0);
  return `${parts}: ${plural(trials.length, "trial")}, ${states.join(", ")}. ${formatSeconds(seconds)} of compute in total.`;
}

function intervalNote({ results, manifest }: ReportModel): string {
  const seeds = new Set(results.trials.map((trial) => trial.seed)).size;
  const scaled = manifest.budgetNotes === undefined ? "" : ` ${manifest.budgetNotes}`;
  const folded = results.trials.some(({ fold }) => fold !== undefined);
  if (results.folds !== undefined)
    return `One seed, so each value is one fold's. Folds are not independent: any two share most of their training data. ± is half the 95 % confidence interval (CI) of the mean, corrected for that (Nadeau and Bengio 2003); it shows how much the result depends on the division of the data, not how much it depends on the seed. In the strip each dot is a fold and the line is their mean.${scaled}`;
  if (seeds < 2) return `One seed: nothing is known about the spread.${scaled}`;
  return `± is half the 95 % confidence interval (CI) of the mean, by Student’s t over the seeds that are done. In the strip each dot is a seed and the line is their mean; the strip runs from the lowest to the highest seed of the task.${folded ? " The value of a seed is the mean over its folds." : ""}${scaled}`;
}

/** A text in which no line breaks inside an option of the command, such as `--seeds 5`. */
function withOptions(text: string): Markup {
  const parts = text.split(/(--[a-z]+ \d+)/);
  return html`${parts.map((part, i) => (i % 2 === 1 ? html`<span class="option">${part}</span>` : part))}`;
}

function claims({ claims: judged, claimsNote }: ReportModel): Markup | null {
  if (judged.length === 0 && claimsNote === null) return null;
  return html`<section>
    <h2>Claims</h2>
    ${claimsNote !== null && html`<p class="note">${claimsNote}</p>`}
    <ul class="claims">
      ${judged.map(
        (claim) =>
          html`<li>
            <span class="verdict ${claim.verdict.replace(" ", "-")}">${claim.words}</span>
            <div>
              <p>${claim.text}</p>
              <p class="note">${withOptions(claim.because)}.</p>
            </div>
          </li>`,
      )}
    </ul>
  </section>`;
}

function curves({ manifest, results, curves: byTrial }: ReportModel): Markup | null {
  let crossed = false;
  let joined = false;
  const figures = Object.entries(manifest.metrics).flatMap(([name, metric]) => {
    if (metric.curve === false) return [];
    const x: Axis = { label: manifest.stepLabel };
    const y: Axis = {
      label: metric.label,
      ...(metric.unit === undefined ? {} : { unit: metric.unit }),
      ...(metric.log === undefined ? {} : { log: metric.log }),
    };
    const panels = manifest.tasks.flatMap((task) => {
      const lines = manifest.variants.flatMap((variant): Line[] => {
        const trials = results.of({ task, variant });
        const own = trials.flatMap((trial) => byTrial.get(trial.id)?.get(name) ?? []);
        const points = curveOverSeeds(own);
        joined ||= binWidth(own) > 0;
        const crosses = trials
          .filter((trial) => trial.status === "diverged" || trial.status === "failed")
          .flatMap((trial) => {
            const last = byTrial.get(trial.id)?.get(name)?.last;
            return last === undefined ? [] : [last];
          });
        crossed ||= crosses.length > 0;
        return points.length === 0
          ? []
          : [{ label: variant, colour: colourOf(manifest.variants, variant), points, crosses }];
      });
      return lines.some((line) => line.points.length > 1) ? [panel({ title: task, x, y, lines })] : [];
    });
    return panels.length === 0
      ? []
      : [
          html`<figure>
            <h3>${metric.label}</h3>
            <div class="panels">${panels}</div>
          </figure>`,
        ];
  });
  if (figures.length === 0) return null;
  const crossNote = crossed ? " A cross marks where a trial diverged or failed." : "";
  return html`<section>
    <h2>Training curves</h2>
    ${figures}
    <p class="note">${linesNote(results, { average: "mean", joined })}${crossNote}</p>
  </section>`;
}

function seriesSections({ manifest, results }: ReportModel): Markup[] {
  const names = results.tasks.flatMap((task) =>
    results.variants.flatMap((variant) => results.seriesNames({ task, variant })),
  );
  return [...new Set(names)].sort().flatMap((name) => {
    let title = name;
    let joined = false;
    const panels = manifest.tasks.flatMap((task) => {
      const found = manifest.variants
        .map((variant) => ({ variant, series: results.series({ task, variant, name }).map((entry) => entry.series) }))
        .filter((entry) => entry.series.length > 0);
      const first = found[0]?.series[0];
      if (first === undefined) return [];
      title = first.title;
      joined ||= first.x.values.length > MOST_POINTS;
      const lineNames = [
        ...new Set(found.flatMap((entry) => entry.series.flatMap((series) => Object.keys(series.lines)))),
      ];
      const drawn = lineNames.map((lineName) => ({
        lineName,
        lines: found
          .map(({ variant, series }): Line => ({
            label: variant,
            colour: colourOf(manifest.variants, variant),
            points: seriesOverSeeds(series, lineName),
          }))
          .filter((line) => line.points.length > 0),
      }));
      const extent = extentOf(
        drawn.flatMap((entry) => entry.lines),
        first.y,
      );
      return drawn
        .filter((entry) => entry.lines.length > 0)
        .map(({ lineName, lines }) => panel({ title: `${task}, ${lineName}`, x: first.x, y: first.y, lines, extent }));
    });
    return panels.length === 0
      ? []
      : [
          html`<section>
            <h2>${title}</h2>
            <figure>
              <div class="panels">${panels}</div>
              <figcaption>${linesNote(results, { average: "median", joined })}</figcaption>
            </figure>
          </section>`,
        ];
  });
}

function unfinished({ results, problems }: ReportModel): Markup | null {
  const trials = results.trials.filter((trial) => trial.status !== "done");
  const warned = results.trials.filter((trial) => trial.warnings.length > 0);
  if (trials.length === 0 && warned.length === 0 && problems.length === 0) return null;
  return html`<section>
    <h2>Trials that did not finish</h2>
    ${
      trials.length === 0
        ? html`<p>None.</p>`
        : html`${trialTable(trials, results.variants, [
              { title: "status", cell: ({ status }) => status },
              {
                title: "reason",
                kind: "wrap",
                cell: (trial) =>
                  html`${(trial.reason ?? "").split("\n")[0]}<br /><code class="soft">${folderText(trial)}</code>`,
              },
            ])}
            <p class="note">They are counted and left out of the means. Claims that depend on them stay undecided.</p>`
    }${warned.map((trial) => html`<p class="note">${trial.task}, ${trialName(trial)}: ${trial.warnings.join("; ")}.</p>`)}${problems.map((problem) => html`<p class="note">${problem}</p>`)}
  </section>`;
}

const plural = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;
