/** The modalities as a fusion's equations get them: missing and padded values are zeros. */
import { and, broadcastTo, iota, less, max, reshape, select, type Tensor } from "@sluice/tensor";
import { isFloat, zeroBeyond } from "@sluice/tensor/internal";
import type { DescribedModality } from "./fusion.ts";
import { described, stepsOf, type GivenModality } from "./modalities.ts";

/** One modality as the equations get it. */
export interface SeenModality {
  readonly name: string;
  /** `[batch, width]` or `[batch, time, width]`, 0 where the modality is not present. */
  readonly x: Tensor;
  /**
   * bool `[batch, 1]` or `[batch, time or 1, 1]`: false where the modality is missing, and beyond the steps of a row.
   * Undefined if it is present everywhere.
   */
  readonly present: Tensor | undefined;
  /** i32 `[batch]`: the number of steps of a sequence, 0 if the row lacks it. Undefined: all steps. */
  readonly lengths: Tensor | undefined;
  /** `[batch, time]`: the times of a sequence, 0 where it is not present. Undefined if none were given. */
  readonly times: Tensor | undefined;
  /** The same as an argument for the `apply` of another fusion. */
  readonly given: DescribedModality;
}

/** A modality with zeros where it is not present. */
export function seen(given: GivenModality): SeenModality {
  const { name, spec, times } = given;
  const lengths = spec.kind === "sequence" ? stepsOf(given) : undefined;
  const present = presentOf(given);
  const x = looked(given);
  const seenTimes = times && lookedTimes(times, present);
  return { name, x, present, lengths, times: seenTimes, given: described({ ...given, times: seenTimes }, x) };
}

function looked(given: GivenModality): Tensor {
  const { spec, x, rows, steps } = given;
  if (!isFloat(x.dtype)) return x;
  const over = (flags: Tensor): Tensor =>
    reshape(
      flags,
      x.shape.map((_, axis) => flags.shape[axis] ?? 1),
    );
  if (spec.kind === "vector") return rows === undefined ? x : select(over(rows), x, 0);
  const count = stepsOf(given);
  const within = count === undefined ? x : zeroBeyond(x, count, { batch: 0, time: 1 });
  return steps === undefined ? within : select(over(steps), within, 0);
}

function presentOf({ spec, x, lengths, rows, steps }: GivenModality): Tensor | undefined {
  const [batch = 0, time = 0] = x.shape;
  if (spec.kind === "vector") return rows && reshape(rows, [batch, 1]);
  const flags = [
    ...(rows === undefined ? [] : [reshape(rows, [batch, 1, 1])]),
    ...(steps === undefined ? [] : [reshape(steps, [batch, time, 1])]),
    ...(lengths === undefined ? [] : [less(iota([1, time, 1], { axis: 1 }), reshape(lengths, [batch, 1, 1]))]),
  ];
  return flags.length === 0 ? undefined : flags.reduce(and);
}

function lookedTimes(times: Tensor, present: Tensor | undefined): Tensor {
  return present === undefined ? times : select(reshape(present, present.shape.slice(0, 2)), times, 0);
}

/**
 * Aligned modalities for stepwise equations: vectors are repeated at every step. If all sequences share the same
 * lengths, no modality counts as missing beyond them.
 */
export function stepwise(given: readonly GivenModality[]): SeenModality[] {
  const sequences = given.filter(({ spec }) => spec.kind === "sequence");
  const [first] = sequences;
  if (first === undefined) return given.map(seen);
  const [batch = 0, time = 0] = first.x.shape;
  const shared = sequences.every(({ lengths, rows }) => rows === undefined && lengths === first.lengths);
  return given.map((modality) => {
    const one = seen(modality);
    if (modality.spec.kind === "sequence")
      return shared ? { ...one, present: presentOf({ ...modality, lengths: undefined }) } : one;
    return {
      ...one,
      x: broadcastTo(reshape(one.x, [batch, 1, modality.spec.width]), [batch, time, modality.spec.width]),
      present: one.present && reshape(one.present, [batch, 1, 1]),
    };
  });
}

/** The greatest length in each row over aligned sequences; undefined if one of them has all steps in every row. */
export function longest(sequences: readonly SeenModality[]): Tensor | undefined {
  const [first, ...others] = sequences.map(({ lengths }) => lengths);
  return others.reduce((a, b) => (a === undefined || b === undefined ? undefined : a === b ? a : max(a, b)), first);
}
