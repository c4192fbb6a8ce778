import { TensorError } from "@sluice/tensor";
import { checkOptions, describe, hasMembers, shown } from "@sluice/tensor/internal";
import { checkedData, isDataset, splitsOf, type DataOf, type Splits, type TaskData } from "../data.ts";
import { tensorsOf } from "../examples.ts";
import { checkKind, classesIn, isPerStep, kindOf, kinds, outputsOf, type TaskKind } from "../kinds.ts";
import type { JobSettings } from "../settings.ts";
import type { ModelSizes } from "./cells.ts";
import { observedIn } from "./inputs.ts";

/** A task on which cells are compared. */
export interface ComparedTask {
  /** What the task is called. Default: the name of the data set. Required if a function makes the data. */
  readonly name?: string;
  /**
   * What the target is. Default: `classification`, `labelling` or `regression`, whichever the target fits. Required if
   * a function makes the data.
   */
  readonly kind?: TaskKind;
  /**
   * The data set, or a function that makes it: for each trial, and once before the first, for the hashes of its files.
   * Examples have `x`, `y` and, if they differ in length, `lengths`. Irregular ones also have `mask`, what was observed,
   * and `elapsed`, the time since the step before: a cell that reads them, such as `gruD`, gets them, and for any other
   * they are features of `x`.
   */
  readonly data: TaskData | DataOf;
  /** The settings that differ on this task. */
  readonly settings?: Partial<JobSettings>;
  /**
   * With `folds`: the part of the examples that says the group of each, a number such as its speaker. No group is in two
   * folds. Default: examples are alone.
   */
  readonly groups?: string;
}

/** A task with its name and kind. */
export interface NamedTask extends ComparedTask {
  readonly name: string;
  readonly kind: TaskKind;
}

/** Checks tasks; data sets alone are tasks of their names. */
export function checkedTasks(operation: string, tasks: readonly (ComparedTask | TaskData)[]): readonly NamedTask[] {
  if (!Array.isArray(tasks) || tasks.length === 0)
    throw new TensorError(
      `${operation}: tasks is ${shown(tasks)}, expected a list of data sets, such as [adding({ time: 50 })]`,
    );
  const named = tasks.map((given: ComparedTask | TaskData, index) =>
    checkedTask(`${operation}: tasks[${index}]`, given),
  );
  const twice = named.find(({ name }, index) => named.findIndex((other) => other.name === name) < index);
  if (twice !== undefined)
    throw new TensorError(`${operation}: two tasks are called ${shown(twice.name)}; give them a name`);
  return named;
}

function checkedTask(place: string, given: ComparedTask | TaskData): NamedTask {
  const task: ComparedTask = isDataset(given) ? { data: given } : given;
  if (!hasMembers(task, {}))
    throw new TensorError(`${place} is ${shown(given)}, expected a data set, or { data, kind, name }`);
  checkOptions(place, task, ["name", "kind", "data", "settings", "groups"], {
    dataset: "data",
    type: "kind",
    group: "groups",
  });
  const { data, kind, name = isDataset(data) ? data.name : undefined } = task;
  checkKind(place, kind);
  checkedData(place, data);
  if (typeof name !== "string" || name === "")
    throw new TensorError(`${place}: name is ${shown(name)}; a task whose data a function makes needs one`);
  if (isDataset(data)) return { ...task, name, kind: needsOf(place, kind, data).kind };
  if (kind === undefined)
    throw new TensorError(
      `${place}: a task whose data a function makes needs a kind: ${Object.keys(kinds).join(", ")}`,
    );
  return { ...task, name, kind };
}

/** What a task needs, found in its data. */
export interface TaskNeeds {
  readonly kind: TaskKind;
  readonly sizes: ModelSizes;
  readonly splits: Splits;
}

/** Finds in the data what a task needs: its kind, and the sizes of a model. */
export function needsOf(place: string, given: TaskKind | undefined, data: TaskData): TaskNeeds {
  const splits = splitsOf(place, data);
  const { train } = splits;
  const kind = kindOf(place, train.y, given);
  const { x } = tensorsOf(data.train);
  const isTokens = x?.dtype === "i32" && x.shape.length === 2;
  if (x === undefined || (!isTokens && x.shape.length !== 3))
    throw new TensorError(
      `${place}: x is ${x === undefined ? "missing" : describe(x)}, expected [examples, time, features], or tokens, i32 [examples, time]`,
    );
  const inputs = [data.train, data.validation, data.test].map((split) => tensorsOf(split)["x"]);
  const input = isTokens
    ? data.classes !== undefined && kind === "characters"
      ? data.classes.length
      : classesIn(inputs)
    : x.shape[2];
  const sizes = {
    input: input ?? 0,
    tokens: isTokens,
    output: outputsOf(kind, splits, data.classes),
    perStep: isPerStep(kind, splits),
    steps: x.shape[1] ?? 0,
    observed: observedIn(data.train),
  };
  return { kind, sizes, splits };
}
