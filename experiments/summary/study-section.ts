import {
  chanceOf,
  formatMean,
  formatNumber,
  formatSeconds,
  meanInterval,
  sampleMean,
  settingsText,
  trialName,
  type AnchorOfRun,
  type Metric,
  type ReportModel,
} from "@sluice/study";
import { claimItem, type ReportedClaim } from "./claims.ts";
import type { StudyHistory } from "./history.ts";
import { plural, stopped, table } from "./markdown.ts";
import type { StudyResults } from "./read-results.ts";

/** The section of one study: question, setting, main table, failed trials, claims. */
export function studySection(
  results: StudyResults,
  { history, claims }: { readonly history: StudyHistory | undefined; readonly claims: readonly ReportedClaim[] },
): string {
  const { name, model } = results;
  const { manifest } = model;
  // Where this checkout is does not belong on the page.
  const problems = model.problems.map((problem) => problem.replaceAll(results.folder, name));
  return [
    `## ${name}`,
    `${manifest.title}. ${manifest.question}`,
    `**Setting:** ${settingText(model)}`,
    `**Run:** ${runText(results, history)}`,
    mainTable(model),
    ...failedText(model),
    ...(claims.length === 0 ? [] : ["**Claims:**", claims.map(claimItem).join("\n")]),
    ...(problems.length === 0 ? [] : [`**Problems:** ${problems.map(stopped).join(" ")}`]),
    `Figures: \`npm start -- report experiments/results/${name}\`.`,
  ].join("\n\n");
}

function settingText({ manifest }: ReportModel): string {
  const { anchors, budget, budgetNotes, asked } = manifest;
  const same = anchors.filter(({ sameSetting }) => sameSetting).length;
  const settings = asked?.settings === undefined ? "" : ` with ${settingsText(asked.settings)}`;
  const which =
    anchors.length === 0
      ? "our own; there is no published number"
      : same === anchors.length
        ? "that of the published numbers"
        : same === 0
          ? "another one than that of the published numbers, so only orderings are claimed of them"
          : `that of ${same} of the ${anchors.length} published numbers`;
  return [`budget \`${budget}\`${settings}: ${which}.`, ...(budgetNotes === undefined ? [] : [budgetNotes])].join(" ");
}

function runText({ model, commits }: StudyResults, history: StudyHistory | undefined): string {
  const { results, manifest } = model;
  const done = results.trials.filter(({ status }) => status === "done").length;
  const seconds = results.trials.reduce((sum, trial) => sum + (trial.seconds ?? 0), 0);
  const where = [...new Set([...commits.values()].map(({ runtime, cpu }) => [runtime, cpu ?? []].flat().join(", ")))];
  const dates = new Map(history?.ran.map(({ commit, date }) => [commit, date]));
  const at = [...commits].map(([commit, { git }]) =>
    [
      commit.slice(0, 7),
      dates.get(commit) ?? [],
      typeof git?.uncommitted === "string" ? "with uncommitted changes" : [],
    ]
      .flat()
      .join(", "),
  );
  const changed = history?.changed ?? [];
  return [
    `${done} of ${plural(results.trials.length, "trial")}, ${formatSeconds(seconds)} of work;`,
    `${[at.length === 0 ? "the commit is not known" : `commit ${at.join("; ")}`, ...where].join("; ")}.`,
    ...(manifest.tuning === undefined ? [] : ["Settings were tuned, with the same budget for every variant."]),
    ...(changed.length === 0 ? [] : [`Changed since the run: ${changed.map((file) => `\`${file}\``).join(", ")}.`]),
  ].join(" ");
}

/** The metrics of the table: those of the test data or, if there are none, the first. */
function headlines({ manifest }: ReportModel): readonly (readonly [string, Metric])[] {
  const all = Object.entries(manifest.metrics);
  const tested = all.filter(([, { better, split }]) => better !== "neither" && split === "test");
  return tested.length > 0 ? tested : all.slice(0, 1);
}

/** A row for each variant, then what guessing gives and what was published. */
function mainTable(model: ReportModel): string {
  const { results, manifest } = model;
  const metrics = headlines(model);
  const rows = manifest.tasks.flatMap((task) => [
    ...results.variants.map((variant) => [
      task,
      variant,
      ...metrics.map(([metric, given]) => valueText(model, { task, variant, metric, digits: given.digits })),
      ...costCells(model, { task, variant }),
    ]),
    ...chanceRow(task, metrics),
    ...publishedRows(manifest.anchors, { task, metrics }),
  ]);
  const titles = metrics.map(([, { label, unit, better }]) => {
    const arrow = better === "higher" ? " ↑" : better === "lower" ? " ↓" : "";
    return `${label}${unit === undefined ? "" : ` (${unit})`}${arrow}`;
  });
  const columns = ["task", "variant", ...titles, "seeds", "failed", "parameters", "time per trial"];
  return `${table(columns, rows, { right: columns.map((_, index) => index).slice(2) })}\n\nMean ± half the 95 % interval.`;
}

interface Cell {
  readonly task: string;
  readonly variant: string;
}

function valueText(
  { results }: ReportModel,
  { digits, ...where }: Cell & { readonly metric: string; readonly digits: number | undefined },
): string {
  const values = results.values(where).map(({ value }) => value);
  if (values.length === 0) return "–";
  const { mean, low, high } = meanInterval(values, { overlap: results.folds?.overlap ?? 0 });
  const { mean: centre, half } = formatMean(mean, (high - low) / 2, digits);
  return half === null ? centre : `${centre} ± ${half}`;
}

/** Seeds that are done of those that were planned, failed trials, parameters, and time. */
function costCells({ results }: ReportModel, where: Cell): string[] {
  const trials = results.of(where);
  const done = trials.filter(({ status }) => status === "done");
  const seeds = new Set(trials.map(({ seed }) => seed));
  const missing = new Set(trials.filter(({ status }) => status !== "done").map(({ seed }) => seed));
  const failed = trials.filter(({ status }) => status === "failed" || status === "diverged").length;
  const parameters = [...new Set(done.flatMap((trial) => trial.parameters ?? []))].sort((a, b) => a - b);
  const seconds = done.flatMap((trial) => trial.seconds ?? []);
  return [
    missing.size === 0 ? String(seeds.size) : `${seeds.size - missing.size} of ${seeds.size}`,
    String(failed),
    parameters.length === 0 ? "–" : [parameters[0], ...parameters.slice(1).slice(-1)].join("–"),
    seconds.length === 0 ? "–" : formatSeconds(sampleMean(seconds)),
  ];
}

function chanceRow(task: string, metrics: readonly (readonly [string, Metric])[]): string[][] {
  const chances = metrics.map(([, metric]) => chanceOf(metric, task));
  if (chances.every((chance) => chance === undefined)) return [];
  const texts = chances.map((chance, index) =>
    chance === undefined ? "" : formatNumber(chance, metrics[index]?.[1].digits),
  );
  return [[task, "*chance*", ...texts, "", "", "", ""]];
}

function publishedRows(
  anchors: readonly AnchorOfRun[],
  { task, metrics }: { readonly task: string; readonly metrics: readonly (readonly [string, Metric])[] },
): string[][] {
  return anchors
    .filter((anchor) => anchor.task === task && metrics.some(([metric]) => metric === anchor.metric))
    .map((anchor) => [
      task,
      `*${anchor.variant}: ${anchor.source}${anchor.sameSetting ? "" : ", another setting"}*`,
      ...metrics.map(([metric, { digits }]) => (metric === anchor.metric ? publishedText(anchor, digits) : "")),
      ...["", "", "", ""],
    ]);
}

const publishedText = ({ value, spread }: AnchorOfRun, digits: number | undefined): string =>
  `*${[formatNumber(value, digits), spread ?? []].flat().join(" ")}*`;

const MOST_FAILED = 5;

function failedText({ results }: ReportModel): string[] {
  const failed = results.trials.filter(({ status }) => status === "failed" || status === "diverged");
  if (failed.length === 0) return [];
  const shown = failed
    .slice(0, MOST_FAILED)
    .map((trial) => `${trial.task} / ${trialName(trial)}: ${trial.status}, ${trial.reason?.split("\n")[0] ?? ""}`);
  const more = failed.length > MOST_FAILED ? `; and ${failed.length - MOST_FAILED} more` : "";
  return [`**Failed:** ${stopped(`${shown.join("; ")}${more}`)}`];
}
