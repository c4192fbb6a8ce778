import { html, type Markup } from "@sluice/figures/internal";
import type { Results, TrialRecord } from "../results.ts";
import { importedMark } from "./imported-mark.ts";
import { unitText, variantName } from "./tables.ts";

/** What a table says of each trial, besides its task, variant and seed. */
export interface TrialColumn {
  readonly title: string;
  /** `number` is aligned right; `wrap` may take several lines. */
  readonly kind?: "number" | "wrap";
  cell(trial: TrialRecord): Markup | string;
}

/** A row for each trial. On a narrow screen each row is a list of labels and values. */
export function trialTable(
  trials: readonly TrialRecord[],
  variants: Results["variants"],
  columns: readonly TrialColumn[],
): Markup {
  const all: readonly TrialColumn[] = [
    { title: "task", cell: ({ task }) => task },
    { title: "variant", cell: (trial) => html`${variantName(variants, trial.variant)}${importedMark([trial])}` },
    { title: "seed", cell: unitText },
    ...columns,
  ];
  return html`<div class="scroll" role="region" aria-label="Trials" tabindex="0">
    <table class="stack">
      <thead>
        <tr>
          ${all.map(({ title, kind }) => html`<th scope="col" class="${kind === "number" ? kind : ""}">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${trials.map(
          (trial) =>
            html`<tr>
              ${all.map(
                ({ title, kind, cell }) =>
                  html`<td class="${kind ?? ""}" data-label="${title}"><div>${cell(trial)}</div></td>`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
