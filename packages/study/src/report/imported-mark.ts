import { html, type Markup } from "@sluice/figures/internal";
import type { Results, TrialRecord } from "../results.ts";

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
