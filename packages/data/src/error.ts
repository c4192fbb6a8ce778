/** A data set that is missing or damaged: which file, what is wrong with it, and how to obtain the set. */
export class DataError extends Error {
  /** The file or the folder. */
  readonly file: string;

  constructor(problem: {
    readonly set: string;
    readonly file: string;
    readonly wrong: string;
    readonly obtain: string;
    readonly cause?: unknown;
  }) {
    const { set, file, wrong, obtain, cause } = problem;
    super(`${set}: ${file}: ${wrong}. ${obtain}`, cause === undefined ? undefined : { cause });
    this.name = "DataError";
    this.file = file;
  }
}
