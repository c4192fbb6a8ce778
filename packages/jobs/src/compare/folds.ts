import { foldRows, type Fold } from "@sluice/study";
import { concat, isTensor, TensorError, valuesOf, type Tensor } from "@sluice/tensor";
import { describe, shown } from "@sluice/tensor/internal";
import { rowsOf } from "@sluice/train";
import type { Splits } from "../data.ts";
import { isScored, rowCount, type Targeted, type TaskExamples } from "../examples.ts";
import type { TaskKind } from "../kinds.ts";

/** The share of the rows outside a fold that selects the epoch, and its groups if there are fewer than five. */
const VALIDATION = 0.2;

/** How the rows of a task are divided into folds. */
export interface Folding {
  readonly fold: Fold;
  /** Another seed is another division. */
  readonly seed: number;
  readonly kind: TaskKind;
  /** The part of the examples that says the group of each. */
  readonly groups: string | undefined;
}

/**
 * The splits of a fold: the examples of all splits of the data are put together and divided anew. A fifth of those
 * outside the fold is for validation. Each fold has its share of every class, or whole groups.
 */
export function splitsOfFold(place: string, splits: Splits, { fold, seed, kind, groups }: Folding): Splits {
  const { train, validation, test } = splits;
  const all = together(place, [train, ...(validation === undefined ? [] : [validation]), test]);
  const count = rowCount(all);
  const rows =
    groups === undefined
      ? foldRows(count, fold, {
          ...{ seed, validation: VALIDATION },
          ...(kind === "classification" && isTensor(all.y) && { classes: valuesOf(all.y) }),
        })
      : foldGroups(valuesOf(groupsIn(place, all, groups)), fold, seed);
  return {
    train: rowsOf(all, rows.train),
    validation: rowsOf(all, rows.validation),
    test: rowsOf(all, rows.test),
  };
}

/** Whole groups, of which at least one is for validation. */
function foldGroups(groups: ArrayLike<number>, fold: Fold, seed: number): ReturnType<typeof foldRows> {
  const { train: others } = foldRows(groups.length, fold, { seed, groups });
  const left = new Set(Array.from(others, (row) => groups[row])).size;
  return foldRows(groups.length, fold, { seed, groups, validation: Math.max(VALIDATION, 1 / Math.max(2, left)) });
}

/** The part that says the group of each example. Throws an error if there is none of this name. */
export function groupsIn(place: string, examples: TaskExamples, groups: string): Tensor {
  const part = examples[groups];
  if (part !== undefined && isTensor(part) && part.shape.length === 1) return part;
  const given = part === undefined ? "missing" : isTensor(part) ? describe(part) : shown(part);
  throw new TensorError(
    `${place}: groups is ${shown(groups)}, and this part of the examples is ${given}; expected a number per example, [examples]. The parts are ${Object.keys(examples).join(", ")}`,
  );
}

function together(place: string, splits: readonly Targeted[]): Targeted {
  const filled = splits.filter((examples) => rowCount(examples) > 0);
  const [first] = filled;
  if (first === undefined) throw new TensorError(`${place}: the data set has no examples`);
  const joined = (name: string, parts: readonly (Tensor | undefined)[]): Tensor => {
    const tensors = parts.filter((part) => part !== undefined);
    const shapes = new Set(tensors.map(({ shape }) => shape.slice(1).join()));
    if (tensors.length === parts.length && shapes.size === 1) return concat(tensors, 0);
    throw new TensorError(
      `${place}: folds put the examples of all splits together, but ${name} is ${parts.map((part) => (part === undefined ? "missing" : describe(part))).join(" and ")}; ` +
        "expected one shape but for the first axis. Pad sequences to one number of steps, with lengths",
    );
  };
  const parts = Object.entries(first).map(([name, part]): [string, TaskExamples[string]] => {
    const own = filled.map((examples) => examples[name]);
    if (!isScored(part))
      return [
        name,
        joined(
          name,
          own.map((one) => (one !== undefined && isTensor(one) ? one : undefined)),
        ),
      ];
    const scored = own.map((one) => (isScored(one) ? one : undefined));
    return [
      name,
      {
        values: joined(
          `${name}.values`,
          scored.map((one) => one?.values),
        ),
        counts: joined(
          `${name}.counts`,
          scored.map((one) => one?.counts),
        ),
      },
    ];
  });
  const all: TaskExamples = Object.fromEntries(parts);
  const { y } = all;
  if (y === undefined) throw new TensorError(`${place}: the examples have no target y`);
  return { ...all, y };
}
