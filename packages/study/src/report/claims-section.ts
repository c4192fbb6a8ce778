import { html, type Markup } from "@sluice/figures/internal";
import { importedNote } from "./imported-mark.ts";
import type { ReportModel } from "./model.ts";
import type { Section } from "./section.ts";

/** Every claim with its verdict, the numbers that it is based on, and the method that gave them. */
export function claimsSection({ claims, claimsNote, results }: ReportModel): Section | null {
  if (claims.length === 0 && claimsNote === null) return null;
  const imported = importedNote(results);
  const body = html`${claimsNote !== null && html`<p class="note">${claimsNote}</p>`}${imported !== "" && html`<p class="note">${imported}</p>`}
    <ul class="claims">
      ${claims.map(
        (claim, index) =>
          html`<li id="claim-${index + 1}">
            <span class="verdict ${claim.verdict.replace(" ", "-")}">${claim.words}</span>
            <div>
              <p>${claim.text}</p>
              <p class="note">${withOptions(claim.because)}.</p>
            </div>
          </li>`,
      )}
    </ul>`;
  return { id: "claims", title: "Claims", body };
}

/** A text in which no line breaks inside an option of the command, such as `--seeds 5`. */
function withOptions(text: string): Markup {
  const parts = text.split(/(--[a-z]+ \d+)/);
  return html`${parts.map((part, i) => (i % 2 === 1 ? html`<span class="option">${part}</span>` : part))}`;
}
