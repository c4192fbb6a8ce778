import { nearest } from "@sluice/tensor/internal";

export { nearest };

/** `did you mean "x"?` if a close name is known, otherwise a list of the known names. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (near !== undefined) return `did you mean "${near}"?`;
  return known.length === 0 ? "nothing is known here" : `known: ${known.join(", ")}`;
}
