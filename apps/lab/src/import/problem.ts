import { studyError } from "@sluice/study";

/** A place in what is imported. */
export interface Place {
  readonly file: string;
  /** Counted from 1; `null` for a file without lines. */
  readonly line: number | null;
  /** A column of a table, or the name of a member such as `optimizer.rate`; `null` for all of the line. */
  readonly column: string | null;
}

/** What is wrong, and where. */
export interface ImportProblem extends Place {
  readonly what: string;
}

/** `results.csv, line 7, column "seed": ...` */
export const problemText = ({ file, line, column, what }: ImportProblem): string =>
  `${file}${line === null ? "" : `, line ${line}`}${column === null ? "" : `, column "${column}"`}: ${what}`;

const SHOWN = 20;

/** The problems as lines; of very many, only the first. */
export function problemLines(problems: readonly ImportProblem[]): string[] {
  const more = problems.length - SHOWN;
  return [
    ...problems.slice(0, SHOWN).map(problemText),
    ...(more > 0 ? [`and ${more} more problem${more === 1 ? "" : "s"}`] : []),
  ];
}

/** The error of a file that cannot be read at all. */
export const unreadable = (place: Place, what: string, cause: unknown = new Error(what)): Error =>
  studyError(problemText({ ...place, what }), cause);
