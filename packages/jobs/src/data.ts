import type { Provenance } from "@sluice/data";
import { TensorError } from "@sluice/tensor";
import { hasMembers, shown } from "@sluice/tensor/internal";
import { rowCount, type Targeted, type TaskExamples } from "./examples.ts";

/** What a function that makes data is told. */
export interface DataRequest {
  /** The seed of the trial. It is the same for all variants. */
  readonly seed: number;
  /** The folder given by `--data`; `null` if there is none. */
  readonly dataFolder: string | null;
}

/**
 * A data set: splits and their source. A `Dataset` of `@sluice/data` is one. The target of a forecast or an imputation
 * may say which of its values count, as those of `forecastExamples` and `imputationExamples` do.
 */
export interface TaskData {
  readonly name: string;
  readonly train: TaskExamples;
  readonly validation: TaskExamples;
  readonly test: TaskExamples;
  readonly provenance: Provenance;
  /** Names of the classes, if `y` holds class numbers from 0. */
  readonly classes?: readonly string[];
}

/** Data that is made or read when a trial needs it, and once before the first trial, for the hashes of its files. */
export type DataOf = (request: DataRequest) => TaskData | Promise<TaskData>;

/** Whether a value is a data set. */
export const isDataset = (given: unknown): given is TaskData =>
  hasMembers(given, { train: "object", validation: "object", test: "object", provenance: "object" });

/** Throws an error if a value is neither a data set nor a function. */
export function checkedData(place: string, data: unknown): void {
  if (typeof data === "function" || isDataset(data)) return;
  throw new TensorError(
    `${place}: data is ${shown(data)}, expected a data set { name, train, validation, test, provenance }, or a function that makes one`,
  );
}

/** The data for a trial. */
export async function dataOf(place: string, data: TaskData | DataOf, request: DataRequest): Promise<TaskData> {
  if (typeof data !== "function") return data;
  const made: unknown = await data(request);
  if (isDataset(made)) return made;
  throw new TensorError(
    `${place}: data() gave ${shown(made)}, expected a data set { name, train, validation, test, provenance }`,
  );
}

/** The splits of a data set, each with a target; the validation data only if there is some. */
export interface Splits {
  readonly train: Targeted;
  readonly validation?: Targeted;
  readonly test: Targeted;
}

/** The splits of a data set. Throws an error if one has no target, or if there is nothing to test. */
export function splitsOf(place: string, data: TaskData): Splits {
  const of = (split: "train" | "validation" | "test"): Targeted => {
    const { y } = data[split];
    if (y !== undefined) return { ...data[split], y };
    throw new TensorError(`${place}: ${split} has ${Object.keys(data[split]).join(", ")}, expected a target y`);
  };
  const [train, validation, test] = [of("train"), of("validation"), of("test")];
  if (rowCount(test) === 0) throw new TensorError(`${place}: the data set has no test examples`);
  return { train, test, ...(rowCount(validation) === 0 ? {} : { validation }) };
}
