import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { checkOptions, nth, shown } from "@sluice/tensor/internal";
import { mapped } from "../mapped.ts";
import { checkObservations } from "../records/check-observations.ts";
import type { Observations, Variable } from "../records/observations.ts";
import { cubicPiece, cubicValue, naturalCubicSlopes } from "../paths/natural-cubic.ts";
import { checkFitted, checkVariables } from "./check-fitted.ts";
import { mean, observedColumns, type Columns } from "./moments.ts";

/** How a value that was not observed is filled in. */
export type Imputation = "mean" | "forward" | "backward" | "linear" | "spline" | "none";

/** What stands for a variable where its row says nothing. */
export interface Typical {
  readonly variable: Variable;
  /** The mean of the training rows; of categories, the most frequent one. 0 if nothing was observed. */
  readonly value: number;
}

/** An imputer that was fitted. It is plain data: save it as JSON with the model, and apply it to new data. */
export interface Imputer {
  readonly imputation: Imputation;
  /** Whether a filled-in value depends on nothing that was observed later in its row. */
  readonly causal: boolean;
  readonly variables: readonly Typical[];
  readonly statics: readonly Typical[];
}

/**
 * Fits an imputer: the typical value of every variable and static variable, of the training rows only (`takeRows`).
 *
 * - `"mean"`: the typical value. Causal.
 * - `"forward"`: the last value that was observed before in the row, or else the typical value. Causal.
 * - `"backward"`: the next value that is observed in the row, or else the typical value. Not causal.
 * - `"linear"`: on the line, in time, between the values before and after; the nearest one before the first and after
 *   the last; the typical value if the row has none. Not causal. Categories take the value before, or else the next.
 * - `"spline"`: on the natural cubic spline, in time, through the values of the row; before the first and after the last
 *   as for `"linear"`. It may go beyond the values that it runs through. Not causal. Categories as for `"linear"`.
 * - `"none"`: nothing is filled in, and what was not observed is NaN. Causal. For models that read the mask.
 *
 * Static values that are unknown become the typical value, by every method but `"none"`.
 */
export function fitImputer(train: Observations, options: { readonly imputation: Imputation }): Imputer {
  checkOptions("fitImputer", options, ["imputation"], { kind: "imputation", method: "imputation" });
  const { imputation } = options;
  checkImputation("fitImputer", imputation);
  checkObservations("fitImputer", train);
  const fit = (columns: Columns): Typical[] =>
    observedColumns(columns).map(({ variable, observed }) => ({
      variable,
      value: variable.categories === undefined ? mean(observed) : mostFrequent(observed),
    }));
  return { imputation, causal: causal[imputation], variables: fit(train), statics: fit(train.statics) };
}

function checkImputation(operation: string, imputation: unknown): void {
  if (typeof imputation === "string" && Object.hasOwn(causal, imputation)) return;
  throw new TensorError(`${operation}: imputation is ${shown(imputation)}, expected ${Object.keys(causal).join(", ")}`);
}

const causal: Readonly<Record<Imputation, boolean>> = {
  mean: true,
  forward: true,
  backward: false,
  linear: false,
  spline: false,
  none: true,
};

/** The value that occurs most often; of several, the least. 0 of nothing. */
function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [most] = [...counts].sort(([a, n], [b, m]) => m - n || a - b);
  return most?.[0] ?? 0;
}

/**
 * The data set with a number for every value that was not observed. The masks stay: they say what was observed. Throws
 * a TensorError if the variables are not those that the imputer was fitted to, in the same order and units.
 */
export function applyImputer(imputer: Imputer, observations: Observations): Observations {
  checkFitted("applyImputer", imputer, 'an imputer, such as fitImputer(train, { imputation: "mean" })');
  checkObservations("applyImputer", observations);
  const { imputation, variables, statics } = imputer;
  checkImputation("applyImputer", imputation);
  checkVariables("applyImputer", variables, observations.variables);
  checkVariables("applyImputer", statics, observations.statics.variables);
  return {
    ...observations,
    values: filled(imputation, variables, observations),
    statics: {
      ...observations.statics,
      values: imputation === "none" ? observations.statics.values : withTypical(statics, observations.statics),
    },
  };
}

function withTypical(typical: readonly Typical[], { values, mask }: Columns): ArrayTensor {
  const known = (value: number, at: number): number =>
    nth(mask.data, at) === 1 ? value : nth(typical, at % typical.length).value;
  return tensor(mapped(values.data, known), values.shape);
}

function filled(imputation: Imputation, typical: readonly Typical[], observations: Observations): ArrayTensor {
  const { values, mask, offsets, times } = observations;
  const width = typical.length;
  const data = new Float64Array(values.data);
  for (let row = 0; row + 1 < offsets.data.length; row++)
    typical.forEach(({ variable, value: otherwise }, column) => {
      const [begin, end] = [nth(offsets.data, row), nth(offsets.data, row + 1)];
      const steps = Array.from({ length: end - begin }, (_, i) => begin + i);
      const seen = steps.filter((step) => nth(mask.data, step * width + column) === 1);
      const points = seen.map((step) => ({
        time: nth(times.data, step),
        value: nth(values.data, step * width + column),
      }));
      const valueAt = rules[variable.categories === undefined ? imputation : ofCategories[imputation]](points);
      let next = 0;
      for (const step of steps) {
        if (seen[next] === step) next++;
        else data[step * width + column] = valueAt(next, nth(times.data, step)) ?? otherwise;
      }
    });
  return tensor(data, values.shape);
}

/** An observed value. */
interface Point {
  readonly time: number;
  readonly value: number;
}

/**
 * How the observed values of a row fill in others: the value at a time between the points `next - 1` and `next`, or
 * undefined where they say nothing.
 */
type Rule = (points: readonly Point[]) => (next: number, time: number) => number | undefined;

const rules: Readonly<Record<Imputation | "nearest before", Rule>> = {
  mean: () => () => undefined,
  none: () => () => Number.NaN,
  forward: (points) => (next) => points[next - 1]?.value,
  backward: (points) => (next) => points[next]?.value,
  linear: (points) => (next, time) => {
    const [before, after] = [points[next - 1], points[next]];
    if (before === undefined || after === undefined) return before?.value ?? after?.value;
    const share = (time - before.time) / (after.time - before.time);
    return before.value + share * (after.value - before.value);
  },
  spline(points) {
    const slopes =
      points.length < 2
        ? []
        : naturalCubicSlopes(
            points.map(({ time }) => time),
            points.map(({ value }) => value),
          );
    return (next, time) => {
      const [before, after] = [points[next - 1], points[next]];
      if (before === undefined || after === undefined) return before?.value ?? after?.value;
      const from = [before.value, nth(slopes, next - 1)] as const;
      const piece = cubicPiece(after.time - before.time, from, [after.value, nth(slopes, next)]);
      return cubicValue(piece, time - before.time);
    };
  },
  "nearest before": (points) => (next) => points[next - 1]?.value ?? points[next]?.value,
};

/** Categories have no value between two. */
const ofCategories = {
  mean: "mean",
  none: "none",
  forward: "forward",
  backward: "backward",
  linear: "nearest before",
  spline: "nearest before",
} as const;
