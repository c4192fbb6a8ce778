import { formatNumber } from "@sluice/figures";
import { grouped, html, type Markup } from "@sluice/figures/internal";
import { differences, overlapOf } from "../claims/evidence.ts";
import type { Results, TrialRecord } from "../results.ts";
import { chanceOf, hasMetric } from "../run/result.ts";
import { meanInterval } from "../statistics/intervals.ts";
import { cliffsDelta } from "../statistics/mann-whitney.ts";
import { mean } from "../statistics/summary.ts";
import { importedMark } from "./imported-mark.ts";
import { formatMean, formatSeconds } from "./numbers.ts";
import { metricLabel, unitCount, variantName } from "./tables.ts";

/** A metric as a column of the table. */
interface Column {
  readonly name: string;
  readonly better: "higher" | "lower" | "neither";
  readonly digits: number | undefined;
}

/** What each trial cost, as far as it is known. */
interface Cost {
  readonly title: string;
  text(trials: readonly TrialRecord[]): string | null;
}

const costs: readonly Cost[] = [
  { title: "parameters", text: (trials) => parameterText(trials.flatMap(({ parameters }) => parameters ?? [])) },
  {
    title: "time per trial",
    text: (trials) => {
      const seconds = trials.flatMap((trial) => (trial.status === "done" ? (trial.seconds ?? []) : []));
      return seconds.length === 0 ? null : formatSeconds(mean(seconds));
    },
  },
  {
    title: "peak memory",
    text: (trials) => {
      const bytes = trials.flatMap(({ memory }) => memory ?? []);
      return bytes.length === 0 ? null : bytesText(Math.max(...bytes));
    },
  },
];

/** How the values of a task are marked. */
type Mark = "best" | "not told apart" | null;

/**
 * Which variants to mark: the one with the best mean, and those whose difference from it, seed by seed, has an interval
 * with 0 inside. Nothing is marked if the spread is not known, or if no value of the metric is better than another. A
 * variant with missing trials is left out: the mean of the others may be better only because these failed.
 */
function marksOf(results: Results, task: string, { name, better }: Column): ReadonlyMap<string, Mark> {
  if (better === "neither") return new Map();
  const whole = results.variants.flatMap((variant) => {
    const values = results.values({ task, variant, metric: name }).map((entry) => entry.value);
    const all = unitCount(results, results.of({ task, variant }));
    return values.length >= 2 && values.length === all ? [{ variant, centre: mean(values) }] : [];
  });
  if (whole.length < 2) return new Map();
  const sign = better === "higher" ? 1 : -1;
  const best = whole.reduce((found, each) => (sign * each.centre > sign * found.centre ? each : found));
  return new Map(
    whole.map(({ variant }): [string, Mark] => {
      if (variant === best.variant) return [variant, "best"];
      const given = differences(results, { task, metric: name, variants: [best.variant, variant] });
      const { low, high } = meanInterval(given, { overlap: overlapOf(results) });
      return [variant, low <= 0 && high >= 0 ? "not told apart" : null];
    }),
  );
}

/** The table of all variants and metrics, task by task, with effect sizes and costs. */
export function mainTable(results: Results, { directions }: { readonly directions: boolean }): Markup {
  const columns = Object.entries(results.metrics).map(([name, { better, digits }]): Column => ({
    name,
    better: directions ? better : "neither",
    digits,
  }));
  // A study may have the parameters among its metrics.
  const told = costs.filter(({ title, text }) => !(title in results.metrics) && text(results.trials) !== null);
  const tasks = results.tasks.filter((task) => results.trials.some((trial) => trial.task === task));
  return html`<div class="scroll" role="region" aria-label="Results of all variants" tabindex="0">
    <table class="stack main${columns.length + told.length > 5 && " many"}">
      <thead>
        <tr>
          <th scope="col">variant</th>
          ${columns.map((column) => html`<th scope="col" class="number">${columnTitle(results, column)}</th>`)}
          ${told.map(({ title }) => html`<th scope="col" class="number">${title}</th>`)}
        </tr>
      </thead>
      ${tasks.map((task) => taskRows(results, task, { columns, told }))}
    </table>
  </div>`;
}

function columnTitle(results: Results, column: Column): Markup {
  const { better } = column;
  const label = labelOf(results, column);
  if (better === "neither") return html`${label}`;
  return html`${label}&nbsp;<span aria-hidden="true">${better === "higher" ? "↑" : "↓"}</span
    ><span class="heard">, ${better} is better</span>`;
}

function taskRows(
  results: Results,
  task: string,
  { columns, told }: { readonly columns: readonly Column[]; readonly told: readonly Cost[] },
): Markup {
  const marks = columns.map((column) => marksOf(results, task, column));
  return html`<tbody>
    <tr class="task">
      <th scope="rowgroup" colspan="${1 + columns.length + told.length}">${task}</th>
    </tr>
    ${results.variants.map((variant) => {
      const trials = results.of({ task, variant });
      return html`<tr>
        <th scope="row">${variantName(results.variants, variant)}${importedMark(trials)}</th>
        ${columns.map((column, index) =>
          hasMetric(results.metrics[column.name] ?? {}, task)
            ? html`<td class="number" data-label="${labelOf(results, column)}">
                <div>${valueCell(results, { task, variant, column, mark: marks[index]?.get(variant) ?? null })}</div>
              </td>`
            : html`<td class="none"></td>`,
        )}${told.map(
          ({ title, text }) =>
            html`<td class="number" data-label="${title}"><div>${text(trials) ?? unknown("not known")}</div></td>`,
        )}
      </tr>`;
    })}
    ${chanceRow(results, task, { columns, costs: told.length })}
  </tbody>`;
}

/** What guessing gives, if the study says it for a metric of the task. */
function chanceRow(
  results: Results,
  task: string,
  { columns, costs: more }: { readonly columns: readonly Column[]; readonly costs: number },
): Markup | null {
  const chances = columns.map(({ name }) => chanceOf(results.metrics[name] ?? {}, task));
  if (chances.every((chance) => chance === undefined)) return null;
  return html`<tr>
    <th scope="row">${unknown("chance")}</th>
    ${columns.map((column, index) =>
      chances[index] === undefined
        ? html`<td class="none"></td>`
        : html`<td class="number" data-label="${labelOf(results, column)}">
            <div>${unknown(formatNumber(chances[index], column.digits))}</div>
          </td>`,
    )}${Array.from({ length: more }, () => html`<td class="none"></td>`)}
  </tr>`;
}

const labelOf = (results: Results, { name }: Column): string => {
  const metric = results.metrics[name];
  return metric === undefined ? name : metricLabel(metric);
};

const unknown = (text: string): Markup => html`<span class="soft">${text}</span>`;

interface Place {
  readonly task: string;
  readonly variant: string;
  readonly column: Column;
  readonly mark: Mark;
}

/** Mean with interval and mark, and below it the difference from the first variant. */
function valueCell(results: Results, { task, variant, column, mark }: Place): Markup {
  const { name, digits } = column;
  const values = results.values({ task, variant, metric: name }).map((entry) => entry.value);
  const trials = results.of({ task, variant });
  const all = unitCount(results, trials);
  if (values.length === 0) return unknown(absence(trials));
  const { mean: centre, high } = meanInterval(values, { overlap: overlapOf(results) });
  const written = formatMean(centre, high - centre, digits);
  // A number that describes the variant, such as its size, has no spread.
  if (column.better === "neither" && values.length > 1 && values.length === all && new Set(values).size === 1)
    return html`<span class="value">${written.mean}</span>`;
  return html`<span class="value"
      >${markText(mark)}<strong class="${mark === "best" ? "best" : ""}">${written.mean}</strong>${
        written.half !== null && html` <span class="soft">± ${written.half}</span>`
      }</span
    >${values.length < all && html`<br /><span class="effect">${values.length} of ${all}</span>`}${effect(results, { task, variant, column, mark })}`;
}

function markText(mark: Mark): Markup | null {
  if (mark === "best") return html`<span class="mark" aria-hidden="true">★</span><span class="heard">best: </span>`;
  if (mark === "not told apart")
    return html`<span class="mark" aria-hidden="true">≈</span
      ><span class="heard">not told apart from the best: </span>`;
  return null;
}

/** Why there is no value. */
function absence(trials: readonly TrialRecord[]): string {
  if (trials.length === 0) return "not run";
  const open = trials.find(({ status }) => status !== "done");
  return open === undefined ? "undefined" : open.status;
}

function effect(results: Results, { task, variant, column }: Place): Markup | null {
  const [first] = results.variants;
  if (first === undefined || variant === first) return null;
  const given = differences(results, { task, metric: column.name, variants: [variant, first] });
  if (given.length === 0) return null;
  const { mean: centre, high } = meanInterval(given, { overlap: overlapOf(results) });
  const { mean: text, half } = formatMean(centre, high - centre, column.digits);
  const of = (name: string): number[] =>
    results.values({ task, variant: name, metric: column.name }).map((entry) => entry.value);
  const delta = given.length < 2 ? null : formatNumber(cliffsDelta(of(variant), of(first)), 2);
  const nothing = /^[−]?0(\.0*)?$/.test(text);
  const signed = nothing ? text.replace("−", "") : centre > 0 ? `+${text}` : text;
  const shown =
    delta !== null &&
    html` <span class="delta"
      ><span aria-hidden="true">δ</span><span class="heard">, Cliff’s delta</span> ${delta}</span
    >`;
  return html`<br /><span class="effect">${signed}${half !== null && ` ± ${half}`}${shown}</span>`;
}

/** What the marks and the second line of a cell mean. */
export function mainTableNote(results: Results, { several }: { readonly several: boolean }): string {
  const [first] = results.variants;
  if (results.variants.length < 2 || first === undefined) return "";
  const unit = results.folds === undefined ? "seed" : "fold";
  if (!several) return `The second line of a cell is the difference from ${first}. No value is marked as the best.`;
  return [
    `★ marks the best mean of a task, and ≈ those whose difference from it, ${unit} by ${unit}, has a 95 % interval with`,
    "0 inside; a variant with missing trials is not marked.",
    `The second line of a cell is the difference from ${first}, ${unit} by ${unit}, with half its 95 % interval by`,
    `Student’s t. δ is Cliff’s delta: the share of pairs of ${unit}s in which the value is above that of ${first}, minus`,
    "the share in which it is below. Marks and intervals are not corrected for their number; claims are.",
  ].join(" ");
}

function parameterText(counts: readonly number[]): string | null {
  const distinct = [...new Set(counts)].sort((a, b) => a - b);
  const [least, most] = [distinct[0], distinct.at(-1)];
  if (least === undefined || most === undefined) return null;
  return least === most ? grouped(String(least)) : `${grouped(String(least))} to ${grouped(String(most))}`;
}

function bytesText(bytes: number): string {
  const mebibytes = bytes / 1024 / 1024;
  return mebibytes < 1024 ? `${Math.round(mebibytes)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`;
}
