import { html, type Markup } from "@sluice/figures/internal";
import { settingsText } from "../settings.ts";
import type { Metric } from "../study.ts";
import type { TriedSetting, TunedCell } from "../tuning/tuned.ts";
import { decidingMetrics, type Halving, type Tune } from "../tuning/tune.ts";
import type { Tuning } from "../tuning/tuning.ts";
import type { Distribution } from "../variants/random-search.ts";
import { expectedFigure, expectedTable } from "./expected-best.ts";
import type { ReportModel } from "./model.ts";
import { formatSeconds } from "./numbers.ts";
import type { Section } from "./section.ts";
import { metricLabel, unitText, valueText, variantName } from "./tables.ts";

/** How the settings were tuned: what was chosen, what more or less tuning would give, and every tried setting. */
export function tuningSection({ manifest, tuned }: ReportModel): Section | null {
  const { tuning, metrics, variants, tasks } = manifest;
  if (tuning === undefined || tuned === null) return null;
  const given = { tuned, tuning, metrics, variants };
  return {
    id: "tuning",
    title: "Tuning",
    body: html`<p>${procedure(given)}</p>
      ${chosenTable(given)} ${expectedFigure(given, tasks)} ${expectedTable(given)} ${triedTable(given)}`,
  };
}

/** What the parts of the section are made from. */
export interface TuningParts {
  readonly tuned: readonly TunedCell[];
  readonly tuning: Tuning;
  readonly metrics: { readonly [name: string]: Metric };
  readonly variants: readonly string[];
}

function procedure({ tuned, tuning: { tune, tried, seeds }, metrics }: TuningParts): string {
  const { by } = tune;
  const settings =
    by === "grid"
      ? `all ${tried.length} combinations`
      : `${tried.length} settings drawn at random (draw ${tune.draw ?? 0})`;
  const records = tuned.flatMap((cell) => cell.tried.flatMap((one) => one.records.flatMap((record) => record ?? [])));
  const ids = new Map(records.map((record) => [record.id, record]));
  const seconds = [...ids.values()].reduce((sum, record) => sum + (record.seconds ?? 0), 0);
  const isNested = tuned.some(({ unit }) => unit !== undefined);
  const apart =
    seeds.length === 1
      ? "one tuning seed, which is not a seed of the results"
      : `${seeds.length} tuning seeds, which are not seeds of the results`;
  return [
    isNested
      ? `For every task, variant and fold, ${settings} of ${spaceText(tune)} were tried on the training and validation rows of the fold, with its seed and its division of the data (nested cross-validation).`
      : `For every task and variant, ${settings} of ${spaceText(tune)} were tried with ${apart}.`,
    ...(typeof by === "string" ? [] : [halvingText(by.halving)]),
    chosenBy(decidingMetrics(tune), { metrics, several: seeds.length > 1 }),
    "Tuning trials report nothing about the test data.",
    `${ids.size} tuning trials took ${formatSeconds(seconds)} of compute.`,
  ].join(" ");
}

function chosenBy(
  names: readonly string[],
  { metrics, several }: Pick<TuningParts, "metrics"> & { readonly several: boolean },
): string {
  const texts = names.flatMap((name) => {
    const metric = metrics[name];
    return metric === undefined ? [] : `the ${metric.better === "higher" ? "highest" : "lowest"} ${metric.label}`;
  });
  const averaged = several ? " (mean over the tuning seeds)" : "";
  return texts.length === 1
    ? `The setting with ${texts[0]}${averaged} was chosen.`
    : `The setting that is best${averaged} by the task’s metric was chosen: ${texts.join(", ")}.`;
}

/** What was tuned, and over which values: "learningRate (0.001 to 0.1, log-uniform)". */
function spaceText({ over }: Tune): string {
  return Object.entries(over)
    .map(([setting, given]) => `${setting} (${valuesText(given)})`)
    .join(" and ");
}

function valuesText(given: Distribution): string {
  if ("choice" in given) return given.choice.map((value) => JSON.stringify(value)).join(", ");
  if ("logUniform" in given) return `${given.logUniform.join(" to ")}, log-uniform`;
  return "uniform" in given ? `${given.uniform.join(" to ")}, uniform` : `integers from ${given.integer.join(" to ")}`;
}

function halvingText({ setting, from, eta = 3 }: Halving): string {
  return [
    `Successive halving: all start with ${setting} ${from}, and on each further rung the best 1/${eta} are tried again`,
    `from the beginning with ${eta} times as many. Values of different rungs cannot be compared, so there is no expected`,
    "best of n settings; the table has those of the last rung.",
  ].join(" ");
}

/** The metric's label as a column's title, if it decides on all tasks. */
const valueTitle = ({ tuning, metrics }: TuningParts): string => {
  const [name = "", ...others] = decidingMetrics(tuning.tune);
  const metric = metrics[name];
  return others.length > 0 || metric === undefined ? "validation" : metricLabel(metric);
};

function chosenTable(given: TuningParts): Markup {
  const { tuned, tuning, metrics, variants } = given;
  const isNested = tuned.some(({ unit }) => unit !== undefined);
  return html`<div class="scroll" role="region" aria-label="Chosen settings" tabindex="0">
    <table class="stack">
      <thead>
        <tr>
          <th scope="col">task</th>
          ${isNested && html`<th scope="col">seed, fold</th>`}
          <th scope="col">variant</th>
          <th scope="col" class="number">${valueTitle(given)}</th>
          <th scope="col">chosen settings</th>
        </tr>
      </thead>
      <tbody>
        ${tuned.map(
          ({ task, variant, unit, metric, chosen, decided }) =>
            html`<tr>
              <td data-label="task"><div>${task}</div></td>
              ${unit && html`<td data-label="seed"><div>${unitText(unit)}</div></td>`}
              <td data-label="variant"><div>${variantName(variants, variant)}</div></td>
              <td class="number" data-label="value"><div>${valueText(chosen?.value, metrics[metric])}</div></td>
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

function triedTable(given: TuningParts): Markup {
  const { tuned, tuning, metrics, variants } = given;
  const seeded = tuning.seeds.length > 1;
  const isNested = tuned.some(({ unit }) => unit !== undefined);
  return html`<details>
    <summary>Every tried setting</summary>
    <div class="scroll" role="region" aria-label="Every tried setting" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">task</th>
            ${isNested && html`<th scope="col">seed, fold</th>`}
            <th scope="col">variant</th>
            <th scope="col">settings</th>
            <th scope="col" class="number">${valueTitle(given)}</th>
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
                  ${cell.unit && html`<td>${unitText(cell.unit)}</td>`}
                  <td>${variantName(variants, cell.variant)}</td>
                  <td>${settingsText(one.settings)}</td>
                  <td class="number">${valueText(one.value, metrics[cell.metric])}</td>
                  ${seeded && html`<td>${one.records.map((record) => valueText(record?.metrics[cell.metric], metrics[cell.metric])).join(", ")}</td>`}
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
