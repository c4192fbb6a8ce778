/**
 * An invalid shape, dtype or argument. `place` is the path to it from the outside in (`["gru", "reset"]`). It grows
 * while the error passes through {@link at}, so the computation needs no state for it.
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

/** Runs `f` and adds `place` to an error that it throws. The stack still points at the line that caused the error. */
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
