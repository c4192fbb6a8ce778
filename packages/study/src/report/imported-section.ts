import { html, type Markup } from "@sluice/figures/internal";
import type { Imported } from "../import/imported.ts";
import type { Results, TrialRecord } from "../results.ts";
import type { ReportModel } from "./model.ts";
import type { Section } from "./section.ts";
import { trialTable } from "./trial-table.ts";

/** Where every imported trial is from. Absent if all trials ran here. */
export function importedSection({ results }: ReportModel): Section | null {
  const trials = results.trials.filter(({ imported }) => imported !== undefined);
  if (trials.length === 0) return null;
  const body = html`<p>
      These trials ran elsewhere and were imported. Means, intervals and claims take them like all others, but nothing
      here can run them again: code and data are not known, and what is said of them was said by whoever imported them.
      Their seeds are not those of the random numbers of this study. A pair of trials of the same seed has nothing in
      common but the number then.
    </p>
    ${trialTable(trials, results.variants, [
      { title: "from", kind: "wrap", cell: ({ imported }) => imported?.source ?? "" },
      { title: "run by, with, on", kind: "wrap", cell: ({ imported }) => ranText(imported) },
      { title: "imported", cell: ({ imported }) => imported?.date.slice(0, 10) ?? "" },
      { title: "content", cell: ({ imported }) => html`<code>${imported?.sha256.slice(0, 12) ?? ""}</code>` },
    ])}`;
  return { id: "imported", title: "Imported trials", body };
}

/** As far as it is known. */
function ranText(imported: Imported | undefined): Markup | string {
  const parts = [imported?.by, imported?.software, imported?.hardware, imported?.commit].filter(
    (part) => part !== null && part !== undefined,
  );
  return parts.length === 0 ? html`<span class="soft">not known</span>` : parts.join("; ");
}

/** "imported", "2 of 5 imported" or nothing, for the trials of a variant. */
export function importedMark(trials: readonly TrialRecord[]): Markup | null {
  const text = importedText(trials);
  return text === "" ? null : html` <span class="soft imported">${text}</span>`;
}

/** In words, how many of these trials were imported; "" for none. */
function importedText(trials: readonly TrialRecord[]): string {
  const count = trials.filter(({ imported }) => imported !== undefined).length;
  if (count === 0) return "";
  return count === trials.length ? "imported" : `${count} of ${trials.length} imported`;
}

/** Below a table: which variants have imported trials; "" if none has. */
export function importedNote({ trials, variants }: Results): string {
  const parts = variants.flatMap((variant) => {
    const own = trials.filter((trial) => trial.variant === variant);
    const text = importedText(own);
    return text === ""
      ? []
      : [text === "imported" ? `all of ${variant}` : `${text.replace(" imported", "")} of ${variant}`];
  });
  return parts.length === 0 ? "" : `Imported trials, which ran elsewhere, are among these: ${parts.join("; ")}.`;
}
