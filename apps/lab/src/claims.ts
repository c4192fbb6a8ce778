import type { ResultsDocument } from "@sluice/study";

/** The verdicts printed at the end, below the table: a claim each, wrapped to the width of the terminal. */
export function claimLines({ claims }: Pick<ResultsDocument, "claims">, width: number): string[] {
  if (claims.length === 0) return [];
  return ["", ...claims.flatMap(({ words, text }) => wrapped(`${capital(words)}: ${text}`, width))];
}

/** Lines after the first are indented. A word that is longer than a line is not broken. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1);
