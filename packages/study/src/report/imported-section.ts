import { html, type Markup } from "@sluice/figures/internal";
import type { Imported } from "../import/imported.ts";
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
