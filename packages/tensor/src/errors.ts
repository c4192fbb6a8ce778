/**
 * What went wrong in a shape, dtype or argument, and where. `place` is the path from the outside in (`["gru",
 * "reset"]`); it grows while the error passes through {@link at}, so no state has to follow the computation.
 */
export class TensorError extends Error {
  readonly problem: string;
  readonly place: readonly string[];

  constructor(problem: string, place: readonly string[] = []) {
    super(place.length > 0 ? `${place.join(".")}: ${problem}` : problem);
    this.name = "TensorError";
    this.problem = problem;
    this.place = place;
  }
}

/** Runs `f`; an error that leaves it also names `place`. The stack still points at the line that caused it. */
export function at<T>(place: string, f: () => T): T {
  try {
    return f();
  } catch (error) {
    if (!(error instanceof TensorError)) throw error;
    const placed = new TensorError(error.problem, [place, ...error.place]);
    if (error.stack !== undefined) placed.stack = error.stack.replace(error.message, () => placed.message);
    throw placed;
  }
}
