import { tensor, TensorError, type ArrayTensor, type Tensor } from "@sluice/tensor";
import { checkOptions, nth, showShape, shown, sizeOf } from "@sluice/tensor/internal";
import { checkSteps, type StepOptions } from "../steps.ts";
import { centered, dot, gram, meanOf } from "../matrices/columns.ts";
import { singularVectorsOf } from "../matrices/one-sided-jacobi.ts";
import { pointAt, pointsOf } from "./moments.ts";

/** Options of {@link principalComponents}. */
export interface PrincipalComponentsOptions extends StepOptions {
  /** The number of components. Default: as many as there are features. */
  readonly components?: number;
}

/** What {@link principalComponents} returns. All numbers are f64. */
export interface PrincipalComponents {
  /** The mean of the points, `[features]`. */
  readonly mean: ArrayTensor;
  /** The components: directions of length 1, `[components, features]`, that of the largest variance first. */
  readonly directions: ArrayTensor;
  /** The variance along each, `[components]`, with n - 1 in the denominator. */
  readonly variances: ArrayTensor;
  /** The part of the whole variance along each, `[components]`; 0 if the points do not vary. */
  readonly explained: ArrayTensor;
}

/**
 * The principal components of states: the orthogonal directions in which they vary most (Pearson 1901, Hotelling 1933),
 * as eigenvectors of the covariance. `points` is `[batch, time, features]`, such as the outputs of a layer, or
 * `[points, features]`. Steps that a row does not have do not count. Each direction's element of the largest magnitude
 * is positive.
 *
 *     const components = principalComponents(states, { components: 2, lengths });
 *     const trajectories = projected(states, components, { lengths }); // [batch, time, 2]
 *     const fixed = projected(fixedPoints, components); // [points, 2], in the same plane
 *
 * Throws a TensorError if there are fewer than two points, if a point is not finite, or if `components` is out of range.
 */
export function principalComponents(points: Tensor, options: PrincipalComponentsOptions = {}): PrincipalComponents {
  const operation = "principalComponents";
  checkSteps(operation, options, ["components"]);
  const { components: count, ...steps } = options;
  const { columns, rows } = pointsOf(operation, "the points", points, steps);
  const components = count ?? columns.length;
  if (!Number.isInteger(components) || components < 1 || components > columns.length)
    throw new TensorError(
      `${operation}: components must be an integer from 1 to ${columns.length}, the number of features, got ${shown(components)}`,
    );
  if (rows.length < 2) throw new TensorError(`${operation}: expected at least two points, got ${rows.length}`);
  const around = centered(columns);
  const covariance = gram(around).map((column) => column.map((sum) => sum / (rows.length - 1)));
  const { values, vectors } = singularVectorsOf(covariance);
  const whole = values.reduce((a, b) => a + b, 0);
  const kept = values.slice(0, components);
  return {
    mean: tensor(Float64Array.from(columns, meanOf)),
    directions: tensor(Float64Array.from(vectors.slice(0, components).flatMap((vector) => [...pointed(vector)])), [
      components,
      columns.length,
    ]),
    variances: tensor(kept),
    explained: tensor(kept.map((variance) => (whole === 0 ? 0 : variance / whole))),
  };
}

/**
 * Coordinates along principal components: `[batch, time, features]` to `[batch, time, components]`, or `[points,
 * features]` to `[points, components]`, in f64. The points need not be those that the components were found from: fixed
 * points, or another network's states of the same size. NaN at steps that a row does not have. Throws a TensorError if
 * the sizes do not fit.
 */
export function projected(
  points: Tensor,
  { mean, directions }: Pick<PrincipalComponents, "mean" | "directions">,
  options: StepOptions = {},
): ArrayTensor {
  const operation = "projected";
  checkOptions(operation, options, ["lengths", "mask"]);
  const found = pointsOf(operation, "the points", points, options);
  const [components = 0, features = 0] = directions.shape;
  if (found.columns.length !== features)
    throw new TensorError(
      `${operation}: the components are of ${features} features, got points ${showShape(points.shape)}`,
    );
  const axes = Array.from({ length: components }, (_, k) =>
    Float64Array.from(directions.data.slice(k * features, (k + 1) * features)),
  );
  const shape = [...points.shape.slice(0, -1), components];
  const time = shape.length === 3 ? nth(shape, 1) : 1;
  const out = new Float64Array(sizeOf(shape)).fill(NaN);
  found.rows.forEach((row, i) => {
    const around = pointAt(found, i).map((x, feature) => x - nth(mean.data, feature));
    axes.forEach((axis, k) => (out[(row * time + nth(found.steps, i)) * components + k] = dot(around, axis)));
  });
  return tensor(out, shape);
}

/** The direction, or its opposite, whose element of the largest magnitude is positive. */
function pointed(vector: Float64Array): Float64Array {
  const largest = vector.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0);
  return largest < 0 ? vector.map((x) => -x) : vector;
}
