import { formatNumber } from "@sluice/figures";
import { dashOf, grouped, html, logScale, series, type Markup } from "@sluice/figures/internal";
import { hasMetric } from "../run/result.ts";
import { meanInterval } from "../statistics/intervals.ts";
import type { TrialUnit } from "../plan.ts";
import type { Results, TrialRecord } from "../results.ts";
import type { Anchor, Metric } from "../study.ts";
import { extremes, mean } from "../statistics/summary.ts";
import { importedMark } from "./imported-mark.ts";
import { formatMean } from "./numbers.ts";

/** A variant with a sample of its line in the figures. */
export function variantName(variants: readonly string[], variant: string): Markup {
  const index = variants.indexOf(variant);
  if (index < 0) return html`${variant}`;
  const dashes = dashOf(index);
  return html`<svg class="key c${index % series.length}" viewBox="0 0 22 10" aria-hidden="true">
      <path d="M0,5h22" ${dashes !== undefined && html`stroke-dasharray="${dashes}"`} /></svg
    >${variant}`;
}

/** The seed of a trial, and its fold. */
export function unitText({ seed, fold }: TrialUnit): string {
  return fold === undefined ? String(seed) : `${seed}, fold ${fold.index + 1}`;
}

/** A value of a metric, or a dash. */
export const valueText = (value: number | null | undefined, metric: Metric | undefined): string =>
  typeof value === "number" ? formatNumber(value, metric?.digits) : "–";

/** The folder of a trial, from that of the report. */
export function folderText({ folder }: TrialRecord): string {
  return folder.split("/").slice(-2).join("/");
}

/** Mean ± half the 95 % interval; only the mean for a single seed. */
function meanText(values: readonly number[], metric: Metric, overlap: number): Markup {
  if (values.length === 0) return html`<span class="soft">none</span>`;
  const interval = meanInterval(values, { overlap });
  const { mean, half } = formatMean(interval.mean, interval.high - interval.mean, metric.digits);
  return html`<strong>${mean}</strong>${half !== null && html` <span class="soft">± ${half}</span>`}`;
}

export function metricLabel(metric: Metric): string {
  return metric.unit === undefined ? metric.label : `${metric.label} (${metric.unit})`;
}

/**
 * The table of one metric: one row per variant with every seed, including seeds without a value. For several seeds it
 * also has mean, interval and a strip of all seeds.
 */
export function seedTable(results: Results, name: string, metric: Metric): Markup {
  const units = unitsOf(results);
  const several = units.length > 1;
  const tasks = results.tasks.filter(
    (task) => hasMetric(metric, task) && results.trials.some((trial) => trial.task === task),
  );
  return html`<div class="scroll" role="region" aria-label="Every value of ${metric.label}" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">variant</th>
          ${
            several &&
            html`<th scope="col" class="number">mean ± half 95 % CI</th>
              <th scope="col">${results.folds === undefined ? "seeds" : "folds"}</th>`
          }${units.map(({ title }) => html`<th scope="col" class="number">${title}</th>`)}
        </tr>
      </thead>
      ${tasks.map((task) => {
        const all = results.variants.flatMap((variant) => valuesOf(results, { task, variant, name }));
        const range = stripRange(all, metric);
        return html`<tbody>
          <tr class="task">
            <th scope="rowgroup">${task}</th>
            ${
              several &&
              html`<td></td>
                <td>${range?.text}</td>`
            }${units.map(() => html`<td></td>`)}
          </tr>
          ${results.variants.map((variant) => {
            const trials = results.of({ task, variant });
            const values = valuesOf(results, { task, variant, name });
            return html`<tr>
              <th scope="row">${variantName(results.variants, variant)}${importedMark(trials)}</th>
              ${
                several &&
                html`<td class="number">${meanText(values, metric, results.folds?.overlap ?? 0)}</td>
                  <td class="strip-cell">${strip(values, range, { results, variant, metric })}</td>`
              }${units.map((unit) => {
                const own = trials.filter((trial) => unit.has(trial));
                const { text, soft } = cell(own, name, metric);
                return html`<td class="number${soft && " soft"}">${text}</td>`;
              })}
            </tr>`;
          })}
        </tbody>`;
      })}
    </table>
  </div>`;
}

function valuesOf(
  results: Results,
  { task, variant, name }: { readonly task: string; readonly variant: string; readonly name: string },
): number[] {
  return results.values({ task, variant, metric: name }).map((entry) => entry.value);
}

/** How many values a variant would have if all its trials were done. */
export function unitCount({ folds }: Results, trials: readonly TrialRecord[]): number {
  return folds === undefined ? new Set(trials.map(({ seed }) => seed)).size : trials.length;
}

/** The trials of a column: a seed with all its folds, or a fold if there is only one seed. */
interface Unit {
  readonly title: string;
  has(trial: TrialRecord): boolean;
}

function unitsOf({ trials, folds }: Results): Unit[] {
  const numbers = (of: (trial: TrialRecord) => number): number[] => [...new Set(trials.map(of))].sort((a, b) => a - b);
  if (folds === undefined)
    return numbers(({ seed }) => seed).map((seed) => ({ title: `seed ${seed}`, has: (trial) => trial.seed === seed }));
  return numbers(({ fold }) => fold?.index ?? 0).map((index) => ({
    title: `fold ${index + 1}`,
    has: ({ fold }) => fold?.index === index,
  }));
}

/** The value of a seed, the mean over its folds; or the status of the first of its trials that is not done. */
function cell(trials: readonly TrialRecord[], name: string, metric: Metric): { text: string; soft: boolean } {
  const open = trials.find(({ status }) => status !== "done");
  if (trials.length === 0 || open !== undefined) return { text: open?.status ?? "not run", soft: true };
  const values = trials.flatMap(({ metrics }) => metrics[name] ?? []);
  if (values.length < trials.length) return { text: "undefined", soft: true };
  return { text: formatNumber(mean(values), metric.digits), soft: false };
}

/** Where the values of a task lie in its strips, and their ends as text. */
interface StripRange {
  readonly text: string;
  place(value: number): number;
}

function stripRange(values: readonly number[], { log, digits }: Metric): StripRange | null {
  if (values.length === 0) return null;
  const { low, high } = extremes(values);
  const text = `${formatNumber(low, digits)} to ${formatNumber(high, digits)}`;
  if (low === high) return { text, place: () => 75 };
  // A logarithmic axis cannot show 0.
  if (log === true && low > 0) {
    const { place } = logScale(low, high, [0, 1], 5);
    const [from, to] = [place(low), place(high)];
    return { text: `${text}, log`, place: (value) => 5 + (140 * (place(value) - from)) / (to - from) };
  }
  return { text, place: (value) => 5 + (140 * (value - low)) / (high - low) };
}

/** Every seed as a dot on the range of its task, and the mean as a line. The numbers stand beside it. */
function strip(
  values: readonly number[],
  range: StripRange | null,
  { results, variant, metric }: { readonly results: Results; readonly variant: string; readonly metric: Metric },
): Markup | null {
  if (values.length === 0 || range === null) return null;
  const at = (value: number): number => Math.round(range.place(value) * 10) / 10;
  const middle = mean(values);
  const written = (value: number): string => formatNumber(value, metric.digits);
  return html`<svg
    class="strip c${results.variants.indexOf(variant) % series.length}"
    viewBox="0 0 150 18"
    aria-hidden="true"
  >
    <path class="rail" d="M5,9H145" />
    ${values.map((value) => html`<circle cx="${at(value)}" cy="9" r="4"><title>${written(value)}</title></circle>`)}
    <path class="mid" d="M${at(middle)},2V16"><title>mean ${written(middle)}</title></path>
  </svg>`;
}

/** As published, with at least the metric's digits. */
function anchorValue(value: number, digits = 0): string {
  const published = String(value);
  const own = published.includes("e") ? 12 : (published.split(".")[1]?.length ?? 0);
  return own === 12 ? formatNumber(value) : grouped(value.toFixed(Math.max(own, digits)));
}

/** Published numbers next to the measured ones. */
export function anchorTable(results: Results, anchors: readonly Anchor[]): Markup {
  return html`<div class="scroll" role="region" aria-label="Published and measured numbers" tabindex="0">
    <table class="stack">
      <thead>
        <tr>
          <th scope="col">task</th>
          <th scope="col">variant</th>
          <th scope="col">metric</th>
          <th scope="col" class="number">published</th>
          <th scope="col" class="number">measured, mean ± half 95 % CI</th>
          <th scope="col">published setting</th>
        </tr>
      </thead>
      <tbody>
        ${anchors.map((anchor) => {
          const metric = results.metrics[anchor.metric];
          if (metric === undefined) return null;
          const values = results.values(anchor).map((entry) => entry.value);
          return html`<tr>
            <td data-label="task"><div>${anchor.task}</div></td>
            <td data-label="variant"><div>${variantName(results.variants, anchor.variant)}</div></td>
            <td data-label="metric"><div>${metricLabel(metric)}</div></td>
            <td class="number" data-label="published">
              <div>
                ${anchorValue(anchor.value, metric.digits)}${
                  anchor.spread !== undefined && html` <span class="soft">${anchor.spread}</span>`
                }
              </div>
            </td>
            <td class="number" data-label="measured">
              <div>
                ${values.length === 0 ? html`<span class="soft">not run</span>` : meanText(values, metric, results.folds?.overlap ?? 0)}
              </div>
            </td>
            <td class="wrap" data-label="setting">
              <div>
                ${!anchor.sameSetting && html`<em>Another setting:</em> `}${anchor.setting}.
                <span class="soft">${anchor.source}</span>
              </div>
            </td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}
