import { formatNumber } from "@sluice/figures";
import { html, type Markup } from "@sluice/figures/internal";
import { settingsText } from "../settings.ts";
import type { Metric } from "../study.ts";
import type { TriedSetting, TunedCell } from "../tuning/tuned.ts";
import type { Halving } from "../tuning/tune.ts";
import type { Tuning } from "../tuning/tuning.ts";
import { panels, type Line } from "./figure.ts";
import type { ReportModel } from "./model.ts";
import { formatSeconds } from "./numbers.ts";
import type { Section } from "./section.ts";
import { metricLabel, variantName } from "./tables.ts";

/** How the settings were tuned: what was chosen, what more or less tuning would give, and every tried setting. */
export function tuningSection({ manifest, tuned }: ReportModel): Section | null {
  const { tuning, metrics, variants, tasks } = manifest;
  const metric = metrics[tuning?.tune.metric ?? ""];
  if (tuning === undefined || tuned === null || metric === undefined) return null;
  const given = { tuned, tuning, metric, variants };
  return {
    id: "tuning",
    title: "Tuning",
    body: html`<p>${procedure(given)}</p>
      ${chosenTable(given)} ${expectedFigure(given, tasks)} ${expectedTable(given)} ${triedTable(given)}`,
  };
}

interface Given {
  readonly tuned: readonly TunedCell[];
  readonly tuning: Tuning;
  readonly metric: Metric;
  readonly variants: readonly string[];
}

function procedure({ tuned, tuning: { tune, tried, seeds }, metric }: Given): string {
  const { by } = tune;
  const settings =
    by === "grid"
      ? `all ${tried.length} combinations`
      : `${tried.length} settings drawn at random (draw ${tune.draw ?? 0})`;
  const records = tuned.flatMap((cell) => cell.tried.flatMap((one) => one.records.flatMap((record) => record ?? [])));
  const ids = new Map(records.map((record) => [record.id, record]));
  const seconds = [...ids.values()].reduce((sum, record) => sum + (record.seconds ?? 0), 0);
  const best = metric.better === "higher" ? "highest" : "lowest";
  const apart =
    seeds.length === 1
      ? "one tuning seed, which is not a seed of the results"
      : `${seeds.length} tuning seeds, which are not seeds of the results`;
  return [
    `For every task and variant, ${settings} of ${Object.keys(tune.over).join(", ")} were tried with ${apart}.`,
    ...(typeof by === "string" ? [] : [halvingText(by.halving)]),
    `The setting with the ${best} ${metricLabel(metric)}${seeds.length === 1 ? "" : " (mean over the tuning seeds)"} was chosen.`,
    "Tuning trials report nothing about the test data.",
    `${ids.size} tuning trials took ${formatSeconds(seconds)} of compute.`,
  ].join(" ");
}

function halvingText({ setting, from, eta = 3 }: Halving): string {
  return [
    `Successive halving: all start with ${setting} ${from}, and on each further rung the best 1/${eta} are tried again`,
    `from the beginning with ${eta} times as many. Values of different rungs cannot be compared, so there is no expected`,
    "best of n settings; the table has those of the last rung.",
  ].join(" ");
}

function chosenTable({ tuned, tuning, metric, variants }: Given): Markup {
  return html`<div class="scroll" role="region" aria-label="Chosen settings" tabindex="0">
    <table class="stack">
      <thead>
        <tr>
          <th scope="col">task</th>
          <th scope="col">variant</th>
          <th scope="col" class="number">${metricLabel(metric)}</th>
          <th scope="col">chosen settings</th>
        </tr>
      </thead>
      <tbody>
        ${tuned.map(
          ({ task, variant, chosen, decided }) =>
            html`<tr>
              <td data-label="task"><div>${task}</div></td>
              <td data-label="variant"><div>${variantName(variants, variant)}</div></td>
              <td class="number" data-label="value"><div>${valueText(chosen?.value, metric)}</div></td>
              <td class="wrap" data-label="chosen">
                <div>
                  ${
                    chosen === null
                      ? html`<span class="soft">${decided ? "none: no setting has a value" : "not decided yet"}</span>`
                      : settingsText(tuning.tried[chosen.index] ?? {})
                  }
                </div>
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

const valueText = (value: number | null | undefined, metric: Metric): string =>
  typeof value === "number" ? formatNumber(value, metric.digits) : "–";

function expectedFigure({ tuned, metric, variants }: Given, tasks: readonly string[]): Markup | null {
  const drawn = tasks.flatMap((task) => {
    const lines = tuned.flatMap(({ task: own, variant, expected }): Line[] => {
      if (own !== task || expected === null) return [];
      const points = expected.map((centre, index) => ({ x: index + 1, centre, low: centre, high: centre }));
      return [{ label: variant, points }];
    });
    const { unit, log } = metric;
    const y = {
      label: metric.label,
      ...(unit === undefined ? {} : { unit }),
      ...(log === undefined ? {} : { log }),
    };
    return lines.some(({ points }) => points.length > 1)
      ? panels({ title: task, x: { label: "tried settings" }, y, lines, order: variants, centre: "mean", told: TOLD })
      : [];
  });
  if (drawn.length === 0) return null;
  return html`<h3>Expected best of n tried settings</h3>
    <div class="panels">${drawn}</div>
    <p class="note">
      Mean over every choice of n of the tried settings (Dodge et al. 2019; without replacement, Tang et al. 2020).
      Where lines cross, the better variant depends on how much is tuned. A setting without a value counts as the worst
      value.
    </p>`;
}

/** About how many points of a line tell their values. */
const TOLD = 30;

function expectedTable({ tuned, metric, variants }: Given): Markup | null {
  const rows = tuned.flatMap(({ task, variant, expected }) => (expected === null ? [] : [{ task, variant, expected }]));
  const most = Math.max(0, ...rows.map(({ expected }) => expected.length));
  if (most < 2) return null;
  const counts = budgets(most);
  return html`<div class="scroll" role="region" aria-label="Expected best of n tried settings" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">task</th>
          <th scope="col">variant</th>
          ${counts.map((count) => html`<th scope="col" class="number">${count === 1 ? "1 setting" : count}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ({ task, variant, expected }) =>
            html`<tr>
              <td>${task}</td>
              <td>${variantName(variants, variant)}</td>
              ${counts.map((count) => html`<td class="number">${valueText(expected[count - 1], metric)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** 1, 2, 4, ... and the last one. */
function budgets(most: number): readonly number[] {
  const counts: number[] = [];
  for (let count = 1; count < most; count *= 2) counts.push(count);
  return [...counts, most];
}

function triedTable({ tuned, tuning, metric, variants }: Given): Markup {
  const seeded = tuning.seeds.length > 1;
  return html`<details>
    <summary>Every tried setting</summary>
    <div class="scroll" role="region" aria-label="Every tried setting" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">task</th>
            <th scope="col">variant</th>
            <th scope="col">settings</th>
            <th scope="col" class="number">${metricLabel(metric)}</th>
            ${seeded && html`<th scope="col">by tuning seed</th>`}
            <th scope="col">remark</th>
          </tr>
        </thead>
        <tbody>
          ${tuned.flatMap((cell) =>
            cell.tried.map(
              (one) =>
                html`<tr>
                  <td>${cell.task}</td>
                  <td>${variantName(variants, cell.variant)}</td>
                  <td>${settingsText(one.settings)}</td>
                  <td class="number">${valueText(one.value, metric)}</td>
                  ${seeded && html`<td>${one.records.map((record) => valueText(record?.metrics[tuning.tune.metric], metric)).join(", ")}</td>`}
                  <td class="wrap">${remark(one, cell)}</td>
                </tr>`,
            ),
          )}
        </tbody>
      </table>
    </div>
  </details>`;
}

/** That it was chosen, or how its trials ended if not all are done. */
function remark(one: TriedSetting, { chosen }: TunedCell): string {
  if (one === chosen) return "chosen";
  const [open] = one.records.filter((record) => record?.status !== "done");
  if (open !== undefined) return `${open.status}: ${open.reason?.split("\n")[0] ?? ""}`;
  return one.value === null ? "no value" : "";
}
