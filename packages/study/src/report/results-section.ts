import { html } from "@sluice/figures/internal";
import { hasMetric } from "../run/result.ts";
import { csv, downloads, fileName } from "./downloads.ts";
import { importedNote } from "./imported-mark.ts";
import { mainTable, mainTableNote } from "./main-table.ts";
import type { ReportModel } from "./model.ts";
import { idOf, type Part, type Section } from "./section.ts";
import { metricLabel, seedTable } from "./tables.ts";

/** All variants by all metrics, with intervals, effect sizes and costs. */
export function resultsSection(model: ReportModel): Section {
  const { manifest, results } = model;
  const several = valueCount(model) > 1;
  const notes = [
    untunedNote(model),
    intervalNote(model),
    mainTableNote(results, { several }),
    absenceNote(model),
    importedNote(results),
  ];
  const body = html`${mainTable(results, { directions: manifest.remade !== true })}
  ${downloads("all values of all trials", [
    { file: fileName(manifest.name, manifest.budget, "values.csv"), type: "text/csv", text: values(model) },
  ])}
  ${notes.filter((note) => note !== "").map((note) => html`<p class="note">${note}</p>`)}`;
  return { id: "results", title: "Results", body };
}

/** The values of every seed, metric by metric, each with a strip. */
export function seedsSection(model: ReportModel, part: Part): Section {
  const { manifest, results } = model;
  const metrics = Object.entries(manifest.metrics);
  const body = html`<div class="metrics">
      ${metrics.map(
        ([name, metric], index) =>
          html`<div>
            <h3 id="${idOf("seeds", name, index)}">
              ${metricLabel(metric)}${manifest.remade === true || metric.better === "neither" ? "" : `, ${metric.better} is better`}
            </h3>
            ${part(`table of ${name}`, () => seedTable(results, name, metric))}
          </div>`,
      )}
    </div>
    ${valueCount(model) > 1 && html`<p class="note">${stripNote(model)}</p>`}`;
  const parts = metrics.map(([name, { label }], index) => ({ id: idOf("seeds", name, index), title: label }));
  return { id: "seeds", title: results.folds === undefined ? "Every seed" : "Every fold", body, parts };
}

/** How many values an interval is over: of seeds, or of the folds of one seed. */
function valueCount({ results: { trials, folds } }: ReportModel): number {
  return folds === undefined
    ? new Set(trials.map(({ seed }) => seed)).size
    : new Set(trials.map(({ fold }) => fold?.index)).size;
}

function intervalNote({ results, manifest }: ReportModel): string {
  const seeds = new Set(results.trials.map((trial) => trial.seed)).size;
  const scaled = manifest.budgetNotes === undefined ? "" : ` ${manifest.budgetNotes}`;
  const folded = results.trials.some(({ fold }) => fold !== undefined);
  if (results.folds !== undefined)
    return [
      "One seed, so each value is one fold's. Folds are not independent: any two share most of their training data.",
      "± is half the 95 % confidence interval (CI) of the mean, corrected for that (Nadeau and Bengio 2003); it shows how",
      `much the result depends on the division of the data, not how much it depends on the seed.${scaled}`,
    ].join(" ");
  if (seeds < 2) return `One seed: nothing is known about the spread.${scaled}`;
  const means = folded ? " The value of a seed is the mean over its folds." : "";
  return `± is half the 95 % confidence interval (CI) of the mean, by Student’s t over the seeds that are done.${means}${scaled}`;
}

function stripNote({ results }: ReportModel): string {
  const unit = results.folds === undefined ? "seed" : "fold";
  const log = Object.values(results.metrics).some((metric) => metric.log === true);
  return [
    `In the strip each dot is a ${unit} and the line is their mean;`,
    `the strip runs from the lowest to the highest ${unit} of the task${log ? ", on a logarithmic axis where it says “log”" : ""}.`,
  ].join(" ");
}

/** That settings which the study tunes were not tuned. */
function untunedNote({ manifest: { untuned } }: ReportModel): string {
  return untuned === undefined
    ? ""
    : `Not tuned: the study tunes ${untuned.join(", ")} for each task and variant, but this run has its own settings.`;
}

/** What "undefined" means, if it occurs. */
function absenceNote({ results }: ReportModel): string {
  const names = Object.keys(results.metrics);
  const absent = results.trials.some(
    ({ task, status, metrics }) =>
      status === "done" &&
      names.some((name) => hasMetric(results.metrics[name] ?? {}, task) && (metrics[name] ?? null) === null),
  );
  return absent
    ? "“Undefined” means that a trial finished without a number for a metric, such as steps to a goal that it never " +
        `reached${results.trials.some(({ imported }) => imported !== undefined) ? ", or that an imported trial did not measure it" : ""}. It is not 0, and is left out of means.`
    : "";
}

function values({ results, manifest }: ReportModel): string {
  const names = Object.keys(manifest.metrics);
  const header = [
    "task",
    "variant",
    "seed",
    "fold",
    "status",
    ...names,
    "parameters",
    "seconds",
    "memory_bytes",
    "id",
    "imported",
  ];
  return csv(
    header,
    results.trials.map((trial) => [
      trial.task,
      trial.variant,
      trial.seed,
      trial.fold === undefined ? null : trial.fold.index + 1,
      trial.status,
      ...names.map((name) => trial.metrics[name] ?? null),
      trial.parameters ?? null,
      trial.seconds ?? null,
      trial.memory ?? null,
      trial.id,
      trial.imported?.source ?? null,
    ]),
  );
}
