import { meanInterval, type Interval } from "../statistics/intervals.ts";
import type { Results } from "../results.ts";
import type { Anchor, Metric } from "../study.ts";
import { extremes } from "../statistics/summary.ts";
import { html, type Markup } from "./html.ts";
import { formatMean, formatNumber, grouped } from "./scale.ts";

/** Place of a variant in the palette. */
export function colourOf(variants: readonly string[], variant: string): number {
  return Math.max(0, variants.indexOf(variant)) % 8;
}

export function variantName(variants: readonly string[], variant: string): Markup {
  return html`<span class="key c${colourOf(variants, variant)}"></span>${variant}`;
}

/** Mean ± half the 95 % interval; the mean alone for a single seed. */
function meanText(values: readonly number[], metric: Metric): Markup {
  if (values.length === 0) return html`<span class="soft">–</span>`;
  const interval = meanInterval(values);
  const { mean, half } = formatMean(interval.mean, interval.high - interval.mean, metric.digits);
  return html`<strong>${mean}</strong>${half !== null && html` <span class="soft">± ${half}</span>`}`;
}

export function metricLabel(metric: Metric): string {
  return metric.unit === undefined ? metric.label : `${metric.label} (${metric.unit})`;
}

/**
 * One metric: a row a variant, with every seed, the ones without a value included; of several seeds also mean and
 * interval.
 */
export function seedTable(results: Results, name: string, metric: Metric): Markup {
  const seeds = [...new Set(results.trials.map((trial) => trial.seed))].sort((a, b) => a - b);
  const tasks = results.tasks.filter((task) => results.trials.some((trial) => trial.task === task));
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th></th>
          ${
            seeds.length > 1 &&
            html`<th class="number">mean ± half 95 % CI</th>
              <th>seeds</th>`
          }${seeds.map((seed) => html`<th class="number">seed ${seed}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${tasks.map((task) => {
          const all = results.variants.flatMap((variant) =>
            results.values({ task, variant, metric: name }).map((entry) => entry.value),
          );
          const range = extremes(all);
          const ends =
            all.length === 0 || seeds.length < 2
              ? ""
              : `${formatNumber(range.low, metric.digits)} to ${formatNumber(range.high, metric.digits)}`;
          return html`<tr class="task">
              <th scope="rowgroup">${task}</th>
              ${
                seeds.length > 1 &&
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
                  seeds.length > 1 &&
                  html`<td class="number">${meanText(values, metric)}</td>
                    <td class="strip-cell">${strip(values, range)}</td>`
                }${seeds.map((seed) => {
                  const trial = trials.find((candidate) => candidate.seed === seed);
                  const value = trial?.metrics[name];
                  const shown =
                    trial === undefined
                      ? ""
                      : trial.status !== "done"
                        ? trial.status
                        : typeof value === "number"
                          ? formatNumber(value, metric.digits)
                          : "–";
                  return html`<td class="number${trial?.status !== "done" && " soft"}">${shown}</td>`;
                })}
              </tr>`;
            })}`;
        })}
      </tbody>
    </table>
  </div>`;
}

/** Every seed as a dot on the range of its task, with the mean as a stroke. */
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

/** As published, with at least the digits of the metric. */
function anchorValue(value: number, digits = 0): string {
  const published = String(value);
  const own = published.includes("e") ? 12 : (published.split(".")[1]?.length ?? 0);
  return own === 12 ? formatNumber(value) : grouped(value.toFixed(Math.max(own, digits)));
}

/** Published figures beside those measured here. */
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
              ${values.length === 0 ? html`<span class="soft">not run</span>` : meanText(values, metric)}
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
