import { tensor, TensorError, type ArrayTensor } from "@sluice/tensor";
import { checkKey, checkOptions, shown } from "@sluice/tensor/internal";
import type { RaggedBatch } from "../ragged/ragged-batch.ts";

/** A batch in which values were hidden on purpose. */
export interface Hidden {
  /** The batch without the hidden values: its mask is false there, and its values are NaN. */
  readonly batch: RaggedBatch;
  /**
   * bool `[steps, features]`: true where a value was observed and is hidden now, the places at which an imputation is
   * scored. What is missing in the data themselves is false here.
   */
  readonly hidden: ArrayTensor;
  /** The share of the observed values that is hidden: near the rate that was asked for, which is an expectation. */
  readonly rate: number;
}

/** What all ways to hide values take. */
export interface HideOptions {
  /** The share of the observed values of the chosen variables to hide, in (0, 1). */
  readonly rate: number;
  /** The random key. The same key hides the same values. */
  readonly key: ArrayTensor;
  /** The variables of which values are hidden, by index. Default: all. */
  readonly variables?: readonly number[];
}

/** The observed values that may be hidden, in the order of the data. */
export interface Candidates {
  readonly features: number;
  readonly steps: number;
  /** The variables of which values may be hidden. */
  readonly variables: readonly number[];
  /** Whether the value `step * features + variable` was observed. */
  isObserved(at: number): boolean;
  /** The places of the observed values of the chosen variables. */
  readonly places: readonly number[];
}

/** Checks the batch and the options, and finds what may be hidden. */
export function candidatesOf(
  operation: string,
  batch: RaggedBatch,
  options: HideOptions,
  own: readonly string[] = [],
): Candidates {
  checkOptions(operation, options, ["rate", "key", "variables", ...own], {
    p: "rate",
    seed: "key",
    channels: "variables",
    features: "variables",
  });
  const { rate, key } = options;
  if (!(rate > 0 && rate < 1)) throw new TensorError(`${operation}: rate must lie in (0, 1), got ${shown(rate)}`);
  checkKey(operation, key);
  const [steps = 0, features = 0] = batch.values.shape;
  const variables = variablesOf(operation, "variables", features, options.variables);
  const { mask } = batch;
  const isObserved = (at: number): boolean => mask === undefined || mask.data[at] !== 0;
  const places = Array.from({ length: steps }, (_, step) =>
    variables.map((variable) => step * features + variable).filter(isObserved),
  ).flat();
  return { features, steps, variables, isObserved, places };
}

/** Indices of variables, all by default. Throws for one that is not there, and for none. */
export function variablesOf(
  operation: string,
  option: string,
  features: number,
  given: readonly number[] = Array.from({ length: features }, (_, variable) => variable),
): readonly number[] {
  const wrong = given.find((variable) => !(Number.isInteger(variable) && variable >= 0 && variable < features));
  if (wrong !== undefined || given.length === 0)
    throw new TensorError(
      `${operation}: ${option} must be indices from 0 to ${features - 1}, got ${wrong === undefined ? "none" : shown(wrong)}`,
    );
  return given;
}

/** The batch without the values at these places. */
export function hide(batch: RaggedBatch, places: Iterable<number>, candidates: Candidates): Hidden {
  const { values } = batch;
  const hidden = new Int32Array(values.data.length);
  const left = new Int32Array(values.data.length);
  const kept = values.data.slice();
  let count = 0;
  for (const at of places) {
    if (hidden[at] === 1) continue;
    hidden[at] = 1;
    kept[at] = Number.NaN;
    count++;
  }
  left.forEach((_, at) => {
    left[at] = candidates.isObserved(at) && hidden[at] === 0 ? 1 : 0;
  });
  const asMask = (data: Int32Array<ArrayBuffer>): ArrayTensor => tensor(data, values.shape, { dtype: "bool" });
  return {
    batch: { ...batch, values: tensor(kept, values.shape, { dtype: values.dtype }), mask: asMask(left) },
    hidden: asMask(hidden),
    rate: candidates.places.length === 0 ? 0 : count / candidates.places.length,
  };
}
