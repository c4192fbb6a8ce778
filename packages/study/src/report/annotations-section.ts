import { html, type Markup } from "@sluice/figures/internal";
import type { Annotations } from "../annotations.ts";
import type { ReportModel } from "./model.ts";
import type { Section } from "./section.ts";
import { trialTable } from "./trial-table.ts";

/** The tags of the run, below its title. */
export const tagsLine = ({ annotations: { tags } }: ReportModel): Markup | null =>
  tags.length === 0 ? null : html`<p class="facts">Tags: ${tags.join(", ")}</p>`;

/** What people say about the run and its trials. Absent if nobody said anything. */
export function annotationsSection({ annotations, trialAnnotations, results }: ReportModel): Section | null {
  const trials = results.trials.filter(({ id }) => trialAnnotations.has(id));
  if (annotations.notes.length === 0 && trials.length === 0) return null;
  const body = html`${notesList(annotations)}
  ${
    trials.length > 0 &&
    trialTable(trials, results.variants, [
      { title: "tags", kind: "wrap", cell: ({ id }) => trialAnnotations.get(id)?.tags.join(", ") ?? "" },
      {
        title: "notes",
        kind: "wrap",
        cell: ({ id }) => {
          const told = trialAnnotations.get(id);
          return told === undefined ? "" : html`${notesList(told)}`;
        },
      },
    ])
  }`;
  return { id: "annotations", title: "Tags and notes", body };
}

const notesList = ({ notes }: Annotations): Markup | null =>
  notes.length === 0
    ? null
    : html`${notes.map(({ text, written }) => html`<p>${text} <span class="soft">${written.slice(0, 10)}</span></p>`)}`;
