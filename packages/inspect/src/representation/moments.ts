/** States at moments: the steps that the rows of a batch have. */
import { TensorError, valuesOf, type Tensor } from "@sluice/tensor";
import { checkTensor, describe, isFloat, nth, showShape } from "@sluice/tensor/internal";
import { activeSteps, type StepOptions } from "../steps.ts";
import type { Columns } from "../matrices/columns.ts";

/** A moment: a step of a row. */
export interface Moment {
  readonly row: number;
  readonly step: number;
}

/** The vectors at the moments that a batch has. */
export interface Points {
  /** One column for each feature, with an element for each point. */
  readonly columns: Columns;
  /** The row of each point. */
  readonly rows: readonly number[];
  /** The step of each point; 0 where there is no time axis. */
  readonly steps: readonly number[];
}

/**
 * The vectors of `x` as points: `[points, features]` all of them, or `[batch, time, features]` those at steps that the
 * rows have. Throws a TensorError if one is not finite.
 */
export function pointsOf(operation: string, what: string, x: Tensor, options: StepOptions = {}): Points {
  checkTensor(operation, what, x);
  const [batch, ...rest] = x.shape;
  const features = rest.at(-1);
  if (batch === undefined || features === undefined || rest.length > 2 || !isFloat(x.dtype) || x.kind !== "array")
    throw new TensorError(
      `${operation}: ${what} must be a float [points, features] or [batch, time, features] with values, got ${describe(x)}`,
    );
  const time = rest.length === 2 ? nth(rest, 0) : 1;
  if (rest.length === 1 && (options.lengths !== undefined || options.mask !== undefined))
    throw new TensorError(
      `${operation}: lengths and mask need ${what} [batch, time, features], got ${showShape(x.shape)}`,
    );
  const present = valuesOf(activeSteps(operation, [batch, time], options));
  const places = Array.from({ length: batch * time }, (_, place) => place).filter((place) => nth(present, place) !== 0);
  const columns = Array.from({ length: features }, (_, feature) =>
    Float64Array.from(places, (place) => nth(x.data, place * features + feature)),
  );
  const rows = places.map((place) => Math.floor(place / time));
  const steps = places.map((place) => place % time);
  checkFinite(operation, what, columns, (point) => `row ${nth(rows, point)}, step ${nth(steps, point)}`);
  return { columns, rows, steps };
}

function checkFinite(operation: string, what: string, columns: Columns, at: (point: number) => string): void {
  for (const [feature, column] of columns.entries()) {
    const point = column.findIndex((value) => !Number.isFinite(value));
    if (point >= 0)
      throw new TensorError(
        `${operation}: ${what} is ${nth(column, point)} at ${at(point)}, feature ${feature}; pass lengths or a mask if the row does not have that step`,
      );
  }
}

/** The vector of one point. */
export const pointAt = ({ columns }: Points, point: number): Float64Array =>
  Float64Array.from(columns, (column) => nth(column, point));
