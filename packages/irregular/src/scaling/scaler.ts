import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { checkOptions, nth, shown } from "@sluice/tensor/internal";
import { mapped } from "../mapped.ts";
import { checkObservations } from "../records/check-observations.ts";
import type { Observations, Variable } from "../records/observations.ts";
import { checkFitted, checkVariables } from "./check-fitted.ts";
import { deviation, mean, observedColumns, type Columns } from "./moments.ts";

/** How values are scaled: to mean 0 and deviation 1, or to the range from 0 to 1. */
export type Scaling = "standardize" | "min-max";

/** What is subtracted from the values of a variable, and what they are divided by. */
export interface Scale {
  readonly variable: Variable;
  readonly center: number;
  readonly spread: number;
}

/** A scaler that was fitted. It is plain data: save it as JSON with the model, and apply it to new data. */
export interface Scaler {
  readonly scaling: Scaling;
  readonly variables: readonly Scale[];
  readonly statics: readonly Scale[];
}

/**
 * Fits a scaler to the observed values of every variable and static variable. Give it the training rows only
 * (`takeRows`): what a scaler has seen of the test rows leaks into training.
 *
 * - `"standardize"` (default): center is the mean, spread the standard deviation (of a population).
 * - `"min-max"`: center is the least value, spread the largest less the least.
 *
 * A spread of 0 becomes 1. Categories, and variables of which nothing was observed, stay as they are: center 0, spread
 * 1. Throws a TensorError if the values are so large that the spread is not finite.
 */
export function fitScaler(train: Observations, options: { readonly scaling?: Scaling } = {}): Scaler {
  checkOptions("fitScaler", options, ["scaling"], { kind: "scaling", method: "scaling" });
  const { scaling = "standardize" } = options;
  if (scaling !== "standardize" && scaling !== "min-max")
    throw new TensorError(`fitScaler: scaling is ${shown(scaling)}, expected "standardize" or "min-max"`);
  checkObservations("fitScaler", train);
  const fit = (columns: Columns): Scale[] =>
    observedColumns(columns).map(({ variable, observed }) => scaleOf(variable, observed, scaling));
  return { scaling, variables: fit(train), statics: fit(train.statics) };
}

function scaleOf(variable: Variable, observed: readonly number[], scaling: Scaling): Scale {
  if (variable.categories !== undefined || observed.length === 0) return { variable, center: 0, spread: 1 };
  const least = observed.reduce((a, b) => Math.min(a, b));
  const center = scaling === "standardize" ? mean(observed) : least;
  const spread = scaling === "standardize" ? deviation(observed) : observed.reduce((a, b) => Math.max(a, b)) - least;
  if (!Number.isFinite(spread))
    throw new TensorError(`fitScaler: the values of ${variable.name} are too large to be scaled`);
  return { variable, center, spread: spread === 0 ? 1 : spread };
}

/**
 * The data set with `(value - center) / spread` instead of every value. Values that were imputed are scaled too; NaN
 * stays. Throws a TensorError if the variables are not those that the scaler was fitted to, in the same order and
 * units.
 */
export function applyScaler(scaler: Scaler, observations: Observations): Observations {
  return scaled("applyScaler", scaler, observations, (value, { center, spread }) => (value - center) / spread);
}

/** The inverse of {@link applyScaler}, up to rounding: `value spread + center`. */
export function invertScaler(scaler: Scaler, observations: Observations): Observations {
  return scaled("invertScaler", scaler, observations, (value, { center, spread }) => value * spread + center);
}

function scaled(
  operation: string,
  scaler: Scaler,
  observations: Observations,
  f: (value: number, scale: Scale) => number,
): Observations {
  checkFitted(operation, scaler, "a scaler, such as fitScaler(train)");
  checkObservations(operation, observations);
  const { variables, statics } = scaler;
  const of = (fitted: readonly Scale[], { variables: present, values }: Columns): ArrayTensor => {
    checkVariables(operation, fitted, present);
    return tensor(
      mapped(values.data, (value, at) => f(value, nth(fitted, at % fitted.length))),
      values.shape,
    );
  };
  return {
    ...observations,
    values: of(variables, observations),
    statics: { ...observations.statics, values: of(statics, observations.statics) },
  };
}
