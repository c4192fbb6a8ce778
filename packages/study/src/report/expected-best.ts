import { html, type Markup } from "@sluice/figures/internal";
import { decidingMetric } from "../tuning/tune.ts";
import { mean } from "../statistics/summary.ts";
import type { TunedCell } from "../tuning/tuned.ts";
import { panels, type Line } from "./figure.ts";
import { variantName, valueText } from "./tables.ts";
import type { TuningParts } from "./tuning-section.ts";

/** The expected best of n tried settings, as lines: what more or less tuning would have found. */
export function expectedFigure(given: TuningParts, tasks: readonly string[]): Markup | null {
  const { tuned, tuning, metrics, variants } = given;
  const drawn = tasks.flatMap((task) => {
    const metric = metrics[decidingMetric(tuning.tune, task)];
    if (metric === undefined) return [];
    const lines = variants.flatMap((variant): Line[] => {
      const expected = expectedOf(tuned, { task, variant });
      if (expected === null) return [];
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
      Mean over every choice of n of the tried
      settings${tuned.some(({ unit }) => unit !== undefined) && html` and over the folds`} (Dodge et al. 2019; without
      replacement, Tang et al. 2020). Where lines cross, the better variant depends on how much is tuned. A setting
      without a value counts as the worst value.
    </p>`;
}

/** About how many points of a line tell their values. */
const TOLD = 30;

/** The same as numbers, of 1, 2, 4, ... settings. */
export function expectedTable({ tuned, tuning, metrics, variants }: TuningParts): Markup | null {
  const tasks = [...new Set(tuned.map(({ task }) => task))];
  const rows = tasks.flatMap((task) =>
    variants.flatMap((variant) => {
      const expected = expectedOf(tuned, { task, variant });
      return expected === null ? [] : [{ task, variant, expected }];
    }),
  );
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
              ${counts.map((count) => html`<td class="number">${valueText(expected[count - 1], metrics[decidingMetric(tuning.tune, task)])}</td>`)}
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

/** The expected best of n settings of one task and variant: a mean over its folds, if each was tuned. */
function expectedOf(
  tuned: readonly TunedCell[],
  { task, variant }: Pick<TunedCell, "task" | "variant">,
): readonly number[] | null {
  const own = tuned.filter((cell) => cell.task === task && cell.variant === variant);
  const known = own.flatMap(({ expected }) => (expected === null ? [] : [expected]));
  if (known.length === 0 || known.length < own.length) return null;
  return known[0]?.map((_, index) => mean(known.map((expected) => expected[index] ?? Number.NaN))) ?? null;
}
