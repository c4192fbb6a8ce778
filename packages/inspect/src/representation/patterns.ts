import { TensorError, type Tensor } from "@sluice/tensor";
import { checkOptions, describe, nth, shown } from "@sluice/tensor/internal";
import { checkSteps, type StepOptions } from "../steps.ts";
import { pointAt, pointsOf } from "./moments.ts";

/** Steps `from` to `to`, without `to`, of one row. */
export interface StateRange {
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/** Options of {@link statePattern}. */
export interface StatePatternOptions extends StateRange, StepOptions {
  /** A unit is on where its state is at least this. Default 0.3. */
  readonly threshold?: number;
  /**
   * Keeps only units that are off at the step before the range (`before`), at the step after it (`after`), or at
   * `both`. A step that the row does not have counts as off. Default `none`.
   */
  readonly off?: "none" | "before" | "after" | "both";
}

/** Units that are on together, from {@link statePattern}. */
export interface StatePattern extends StateRange {
  readonly threshold: number;
  /** The units that are on during the whole range. */
  readonly units: readonly number[];
}

/** Options of {@link patternMatches}. */
export interface PatternMatchOptions extends StepOptions {
  /** The largest number of matches. Default 50. */
  readonly count?: number;
  /**
   * False if `states` are others than those that the pattern was selected in. Default true: the selected range, and
   * what overlaps it, is no match.
   */
  readonly same?: boolean;
}

/** A range in which units of a pattern are on. */
export interface PatternMatch extends StateRange {
  /** Units of the pattern that are on during the whole range. */
  readonly overlap: number;
  /** Units that are on during the whole range without being in the pattern. */
  readonly others: number;
}

/**
 * A hypothesis about what units do, by selection as in LSTMVis (Strobelt et al. 2018, arXiv:1606.07461, section 5): the
 * units that are on during the whole range `from` to `to` of a row. `states` is `[batch, time, units]`. Search for it
 * elsewhere with {@link patternMatches}. Throws a TensorError if the row does not have those steps.
 */
export function statePattern(states: Tensor, options: StatePatternOptions): StatePattern {
  const operation = "statePattern";
  checkSteps(operation, options, ["row", "from", "to", "threshold", "off"]);
  const { row, from, to, threshold = 0.3, off = "none", lengths, mask } = options;
  const known = ["none", "before", "after", "both"];
  if (!known.includes(off))
    throw new TensorError(`${operation}: off must be one of ${known.join(", ")}, got ${shown(off)}`);
  if (!Number.isFinite(threshold))
    throw new TensorError(`${operation}: threshold must be a finite number, got ${shown(threshold)}`);
  const on = onAt(operation, states, threshold, { ...(lengths && { lengths }), ...(mask && { mask }) });
  if (!Number.isInteger(from) || !Number.isInteger(to) || from >= to)
    throw new TensorError(`${operation}: expected integers from < to, got from ${shown(from)} and to ${shown(to)}`);
  const range = rangeOf(on, { row, from, to });
  if (range === undefined)
    throw new TensorError(`${operation}: row ${shown(row)} does not have all steps from ${from} to ${to - 1}`);
  const isOff = (unit: number, step: number): boolean => on.get(row)?.get(step)?.has(unit) !== true;
  const units = [...range].filter(
    (unit) =>
      (off === "none" || off === "after" || isOff(unit, from - 1)) &&
      (off === "none" || off === "before" || isOff(unit, to)),
  );
  return { row, from, to, threshold, units };
}

/**
 * Where else a pattern occurs: ranges of the same number of steps, those first in which most units of the pattern are
 * on during the whole range, and among equals those in which fewest other units are, then by row and step. A range that
 * overlaps a better one is left out, and so is one without any unit of the pattern. Steps that a row does not have are
 * in no range.
 */
export function patternMatches(
  states: Tensor,
  pattern: StatePattern,
  options: PatternMatchOptions = {},
): PatternMatch[] {
  const operation = "patternMatches";
  checkSteps(operation, options, ["count", "same"]);
  const { count = 50, same = true, ...steps } = options;
  checkCount(operation, count);
  const on = onAt(operation, states, pattern.threshold, steps);
  const width = pattern.to - pattern.from;
  const wanted = new Set(pattern.units);
  const matches: PatternMatch[] = [];
  for (const [row, moments] of on) {
    for (const from of moments.keys()) {
      const range = { row, from, to: from + width };
      const units = same && overlaps(range, pattern) ? undefined : rangeOf(on, range);
      if (units === undefined) continue;
      const overlap = [...units].filter((unit) => wanted.has(unit)).length;
      if (overlap > 0) matches.push({ ...range, overlap, others: units.size - overlap });
    }
  }
  matches.sort((a, b) => b.overlap - a.overlap || a.others - b.others || a.row - b.row || a.from - b.from);
  return apart(matches, count, overlaps);
}

/** Throws unless a number of results is an integer of at least 1. */
export function checkCount(operation: string, count: unknown): void {
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1)
    throw new TensorError(`${operation}: count must be an integer of at least 1, got ${shown(count)}`);
}

/** The first of a list, without those that are too near to an earlier one. */
export function apart<T>(list: readonly T[], count: number, near: (a: T, b: T) => boolean): T[] {
  const kept: T[] = [];
  for (const candidate of list) {
    if (kept.length === count) break;
    if (!kept.some((other) => near(candidate, other))) kept.push(candidate);
  }
  return kept;
}

const overlaps = (a: StateRange, b: StateRange): boolean => a.row === b.row && a.from < b.to && b.from < a.to;

/** The units that are on, by row and step. */
type On = ReadonlyMap<number, ReadonlyMap<number, ReadonlySet<number>>>;

function onAt(operation: string, states: Tensor, threshold: number, options: StepOptions): On {
  checkOptions(operation, options, ["lengths", "mask"]);
  if (states.shape.length !== 3)
    throw new TensorError(`${operation}: states must be [batch, time, units], got ${describe(states)}`);
  const points = pointsOf(operation, "states", states, options);
  const on = new Map<number, Map<number, ReadonlySet<number>>>();
  points.rows.forEach((row, i) => {
    const units = [...pointAt(points, i).entries()].flatMap(([unit, value]) => (value >= threshold ? [unit] : []));
    const moments = on.get(row) ?? new Map<number, ReadonlySet<number>>();
    on.set(row, moments.set(nth(points.steps, i), new Set(units)));
  });
  return on;
}

/** The units that are on during a whole range; undefined if the row does not have all of its steps. */
function rangeOf(on: On, { row, from, to }: StateRange): ReadonlySet<number> | undefined {
  const moments = on.get(row);
  const first = moments?.get(from);
  if (moments === undefined || first === undefined) return undefined;
  const units = new Set(first);
  for (let step = from + 1; step < to; step++) {
    const now = moments.get(step);
    if (now === undefined) return undefined;
    for (const unit of units) if (!now.has(unit)) units.delete(unit);
  }
  return units;
}
