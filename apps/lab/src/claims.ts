import type { ResultsDocument } from "@sluice/study";
import { wrapped } from "./layout.ts";

/** The verdicts printed at the end, below the table: a claim each, wrapped to the width of the terminal. */
export function claimLines({ claims }: Pick<ResultsDocument, "claims">, width: number): string[] {
  if (claims.length === 0) return [];
  return ["", ...claims.flatMap(({ words, text }) => wrapped(`${capital(words)}: ${text}`, width))];
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
