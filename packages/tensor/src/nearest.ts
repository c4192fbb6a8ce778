import { nth } from "./lists.ts";

/** `did you mean x?` if a known name is close, otherwise the known names. */
export function suggestion(
  name: string,
  known: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
): string {
  const near = (Object.hasOwn(aliases, name) ? aliases[name] : undefined) ?? nearest(name, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length === 0 ? "there are none" : `known: ${known.join(", ")}`;
}

/** The known name that may be a slip of `name`: at most one edit for three letters, and not another name throughout. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let closest: string | undefined;
  let distance = Math.max(1, Math.round(name.length / 3)) + 1;
  for (const candidate of known) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits < Math.min(distance, candidate.length)) [closest, distance] = [candidate, edits];
  }
  return closest;
}

/**
 * Levenshtein's distance, where exchanging two neighbors counts as one edit (optimal string alignment): `lenghts` is
 * one edit from `lengths`.
 */
function editDistance(a: string, b: string): number {
  let before: readonly number[] | undefined;
  let above: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = nth(above, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const edits = Math.min(replaced, nth(above, j) + 1, nth(row, j - 1) + 1);
      const exchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before?.[j - 2] : undefined;
      row.push(exchanged === undefined ? edits : Math.min(edits, exchanged + 1));
    }
    [before, above] = [above, row];
  }
  return nth(above, b.length);
}
