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

/** Where a text or bytes are from, for the errors of a parser. */
export interface DataOrigin {
  /** The data set. */
  readonly set: string;
  /** The file, with its path. */
  readonly file: string;
  /** One or two sentences: how to get the data set. */
  readonly obtain: string;
}

/** Throws the error about a part of a file, such as `line 3`. */
export type Fail = (place: string, wrong: string) => never;

/** The {@link Fail} of a file. Throws if `origin` is not one. */
export function failIn(operation: string, origin: DataOrigin): Fail {
  if (typeof origin !== "object" || origin === null)
    throw new DataError({
      set: "a data set",
      file: "unnamed",
      wrong: `${operation} needs to know where its input is from, for its errors`,
      obtain: "Pass { set, file, obtain } as the second argument.",
    });
  const { set, file, obtain } = origin;
  return (place, wrong) => {
    throw new DataError({ set, file: place === "" ? file : `${file}, ${place}`, wrong, obtain });
  };
}
