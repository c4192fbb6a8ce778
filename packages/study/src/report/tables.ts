import { formatNumber } from "@sluice/figures";
import { grouped, html, type Markup } from "@sluice/figures/internal";
import { meanInterval, type Interval } from "../statistics/intervals.ts";
import type { Results, TrialRecord } from "../results.ts";
import type { Anchor, Metric } from "../study.ts";
import { extremes, mean } from "../statistics/summary.ts";
import { formatMean } from "./numbers.ts";

/** Index of a variant in the palette. */
export function colourOf(variants: readonly string[], variant: string): number {
  return Math.max(0, variants.indexOf(variant)) % 8;
}

export function variantName(variants: readonly string[], variant: string): Markup {
  return html`<span class="key c${colourOf(variants, variant)}"></span>${variant}`;
}

/** The seed of a trial, and its fold. */
export function unitText({ seed, fold }: TrialRecord): string {
  return fold === undefined ? String(seed) : `${seed}, fold ${fold.index + 1}`;
}

/** The folder of a trial, from that of the report. */
export function folderText({ folder }: TrialRecord): string {
  return folder.split("/").slice(-2).join("/");
}

/** Mean ± half the 95 % interval; only the mean for a single seed. */
function meanText(values: readonly number[], metric: Metric, overlap: number): Markup {
  if (values.length === 0) return html`<span class="soft">–</span>`;
  const interval = meanInterval(values, { overlap });
  const { mean, half } = formatMean(interval.mean, interval.high - interval.mean, metric.digits);
  return html`<strong>${mean}</strong>${half !== null && html` <span class="soft">± ${half}</span>`}`;
}

export function metricLabel(metric: Metric): string {
  return metric.unit === undefined ? metric.label : `${metric.label} (${metric.unit})`;
}

/**
 * The table of one metric: one row per variant with every seed, including seeds without a value. For several seeds it
 * also has mean and interval.
 */
export function seedTable(results: Results, name: string, metric: Metric): Markup {
  const units = unitsOf(results);
  const tasks = results.tasks.filter((task) => results.trials.some((trial) => trial.task === task));
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th></th>
          ${
            units.length > 1 &&
            html`<th class="number">mean ± half 95 % CI</th>
              <th>${results.folds === undefined ? "seeds" : "folds"}</th>`
          }${units.map(({ title }) => html`<th class="number">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${tasks.map((task) => {
          const all = results.variants.flatMap((variant) =>
            results.values({ task, variant, metric: name }).map((entry) => entry.value),
          );
          const range = extremes(all);
          const ends =
            all.length === 0 || units.length < 2
              ? ""
              : `${formatNumber(range.low, metric.digits)} to ${formatNumber(range.high, metric.digits)}`;
          return html`<tr class="task">
              <th scope="rowgroup">${task}</th>
              ${
                units.length > 1 &&
                html`<td></td>
                  <td>${ends}</td>`
              }
            </tr>
            ${results.variants.map((variant) => {
              const trials = results.of({ task, variant });
              const values = results.values({ task, variant, metric: name }).map((entry) => entry.value);
              return html`<tr class="c${colourOf(results.variants, variant)}">
                <th scope="row">${variantName(results.variants, variant)}</th>
                ${
                  units.length > 1 &&
                  html`<td class="number">${meanText(values, metric, results.folds?.overlap ?? 0)}</td>
                    <td class="strip-cell">${strip(values, range)}</td>`
                }${units.map((unit) => {
                  const own = trials.filter((trial) => unit.has(trial));
                  const { text, soft } = cell(own, name, metric);
                  return html`<td class="number${soft && " soft"}">${text}</td>`;
                })}
              </tr>`;
            })}`;
        })}
      </tbody>
    </table>
  </div>`;
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
  if (trials.length === 0 || open !== undefined) return { text: open?.status ?? "", soft: true };
  const values = trials.flatMap(({ metrics }) => metrics[name] ?? []);
  return { text: values.length < trials.length ? "–" : formatNumber(mean(values), metric.digits), soft: false };
}

/** Every seed as a dot on the range of its task, and the mean as a line. */
function strip(values: readonly number[], { low, high }: Interval): Markup | null {
  if (values.length === 0) return null;
  const at = (value: number): number => Math.round((high === low ? 0.5 : (value - low) / (high - low)) * 1400) / 10 + 5;
  const middle = at(meanInterval(values).mean);
  return html`<svg class="strip" viewBox="0 0 150 18" aria-hidden="true">
    <path class="rail" d="M5,9H145" />
    ${values.map((value) => html`<circle cx="${at(value)}" cy="9" r="4" />`)}
    <path class="mid" d="M${middle},2V16" />
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
  return html`<div class="scroll">
    <table class="stack">
      <thead>
        <tr>
          <th>task</th>
          <th>variant</th>
          <th>metric</th>
          <th class="number">published</th>
          <th class="number">measured, mean ± half 95 % CI</th>
          <th>published setting</th>
        </tr>
      </thead>
      <tbody>
        ${anchors.map((anchor) => {
          const metric = results.metrics[anchor.metric];
          if (metric === undefined) return null;
          const values = results.values(anchor).map((entry) => entry.value);
          return html`<tr>
            <td data-label="task">${anchor.task}</td>
            <td data-label="variant">
              ${results.variants.includes(anchor.variant) ? variantName(results.variants, anchor.variant) : anchor.variant}
            </td>
            <td data-label="metric">${metricLabel(metric)}</td>
            <td class="number" data-label="published">
              ${anchorValue(anchor.value, metric.digits)}${
                anchor.spread !== undefined && html` <span class="soft">${anchor.spread}</span>`
              }
            </td>
            <td class="number" data-label="measured">
              ${values.length === 0 ? html`<span class="soft">not run</span>` : meanText(values, metric, results.folds?.overlap ?? 0)}
            </td>
            <td class="wrap" data-label="setting">
              ${!anchor.sameSetting && html`<em>Another setting:</em> `}${anchor.setting}.
              <span class="soft">${anchor.source}</span>
            </td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}
