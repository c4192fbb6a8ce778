import type { Observations } from "../records/observations.ts";

/** A view of a data set: observations again, so that a view of it can be made. */
export interface ObservationsView {
  readonly observations: Observations;
  /** i32 for each row of the view: the row of the data set that it is made of. Use it to take labels. */
  readonly rows: Int32Array;
  /** How many observed values of the data set are in no step of the view. */
  readonly outside: number;
}
