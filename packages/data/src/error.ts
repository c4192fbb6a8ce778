/** A data set is missing or damaged. The message names the file, what is wrong with it, and how to get the data set. */
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
