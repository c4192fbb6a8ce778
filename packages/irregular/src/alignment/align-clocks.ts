import { tensor, TensorError } from "@sluice/tensor";
import { allocate, checkOptions, hasMembers, lookUp, nth, shown, suggestion } from "@sluice/tensor/internal";
import { raggedBatch, type RaggedBatch } from "../ragged/ragged-batch.ts";
import { elapsedOf } from "../views/event-time.ts";
import { alignOf, keepsValues, type Align, type AlignmentRule, type Series } from "./rules.ts";
import { checkClock, checkTimed, type Clock, type TimedSequences } from "./timed.ts";

/** Options of {@link alignClocks}. */
export interface AlignClocksOptions<M extends string> {
  /** The clock: the sequences of this name, whose times the others come to; or times of its own. */
  readonly clock: NoInfer<M> | Clock;
  /**
   * How sequences come to the clock, for all or by name. Default `{ by: "nearest" }`, without a limit. The sequences
   * that are the clock stay as they are.
   */
  readonly rule?: AlignmentRule | Readonly<Partial<Record<NoInfer<M>, AlignmentRule>>>;
}

/** What became of the observed values of one modality. `observed = used + dropped`. */
export interface AlignmentCounts {
  /** The observed values that were given. */
  readonly observed: number;
  /** How many of them are in at least one step of the clock. */
  readonly used: number;
  /** How many of them are in none. */
  readonly dropped: number;
  /** How often values are in further steps of the clock, after their first: of a slow sequence on a fast clock. */
  readonly repeated: number;
  /** The values of the result that are missing, because nothing was near enough. */
  readonly missing: number;
}

/** Several sequences on one clock. */
export interface AlignedClocks<M extends string> extends Clock {
  /**
   * Each modality at every time of the clock, with the same offsets: its values, NaN where they are missing; the mask;
   * and the time since the clock's step before, 0 at the first of a row.
   */
  readonly sequences: Readonly<Record<M, RaggedBatch>>;
  /** What was dropped or repeated, by modality. */
  readonly counts: Readonly<Record<M, AlignmentCounts>>;
}

/**
 * Brings sequences with times of their own to one clock, so that step t is the same moment in all of them, as fusions
 * of aligned sequences need it:
 *
 *     const { sequences, counts } = alignClocks({ words, video }, { clock: "words", rule: { by: "window" } });
 *
 * Row i of all of them is the same example. Each variable is aligned on its own: with a mask, only its observed values
 * count, and what has no value on the clock is false in the mask of the result. Times are compared in f64; values keep
 * their dtype, and statistics and lines are computed in f64. Rules (`rule`):
 *
 * - `nearest`: as `pandas.merge_asof(direction="nearest")`; `previous`: as its `direction="backward"`. A value further
 *   away than `tolerance` is not taken.
 * - `linear`: as `numpy.interp` between the first and the last value of a row, without a value outside. With a
 *   `tolerance`, both neighbors must be as near; at the very time of a value it is that value.
 * - `window`: `statistic` (default `"mean"`) of the values since the clock's time before; at the first time of a row, of
 *   all before it. With `length`, of those less than `length` ago, whatever the clock.
 *
 * Throws a TensorError if parts do not fit each other, if times do not increase, if numbers of rows differ, or for a
 * wrong option.
 */
export function alignClocks<M extends string>(
  sequences: Readonly<Record<M, TimedSequences>>,
  options: AlignClocksOptions<M>,
): AlignedClocks<M>;
export function alignClocks(
  sequences: Readonly<Record<string, TimedSequences>>,
  options: AlignClocksOptions<string>,
): AlignedClocks<string> {
  const { clock, ruleOf } = checked(sequences, options);
  const elapsed = elapsedOf(clock);
  const aligned = Object.entries(sequences).map(([name, given]) => {
    const { values, mask, counts } = alignedTo(name, clock, given, ruleOf(name));
    const { dtype } = given.values;
    const own = tensor(elapsed, [elapsed.length, 1], { dtype });
    return { name, counts, batch: raggedBatch({ values, mask, offsets: clock.offsets, elapsed: own }) };
  });
  return {
    offsets: clock.offsets,
    times: clock.times,
    sequences: Object.fromEntries(aligned.map(({ name, batch }) => [name, batch])),
    counts: Object.fromEntries(aligned.map(({ name, counts }) => [name, counts])),
  };
}

function alignedTo(place: string, clock: Clock, given: TimedSequences, align: Align) {
  const { dtype, shape } = given.values;
  const [features, steps] = [nth(shape, 1), nth(clock.times.shape, 0)];
  const [values, mask] = [allocate(dtype, steps * features), allocate("bool", steps * features)];
  values.fill(Number.NaN);
  let [observed, used, uses] = [0, 0, 0];
  for (let row = 0; row + 1 < clock.offsets.data.length; row++) {
    const start = nth(clock.offsets.data, row);
    const ticks = Array.from(clock.times.data.subarray(start, nth(clock.offsets.data, row + 1)));
    for (let feature = 0; feature < features; feature++) {
      const series = seriesOf(given, row, feature);
      const isUsed = new Uint8Array(series.values.length);
      align(series, ticks).forEach(({ value, from, to }, step) => {
        uses += to - from;
        isUsed.fill(1, from, to);
        if (value === undefined) return;
        const at = (start + step) * features + feature;
        [values[at], mask[at]] = [value, 1];
        if (Number.isFinite(value) && !Number.isFinite(values[at]))
          throw new TensorError(
            `alignClocks: ${place} has ${value}, which is too large for ${dtype}; scale the data first`,
          );
      });
      observed += isUsed.length;
      used += isUsed.reduce((sum, flag) => sum + flag, 0);
    }
  }
  const missing = mask.filter((flag) => flag === 0).length;
  return {
    values: tensor(values, [steps, features], { dtype }),
    mask: tensor(mask, [steps, features], { dtype: "bool" }),
    counts: { observed, used, dropped: observed - used, repeated: uses - used, missing },
  };
}

/** The observed values of one variable in one row. */
function seriesOf({ offsets, times, values, mask }: TimedSequences, row: number, feature: number): Series {
  const features = nth(values.shape, 1);
  const [from, to] = [nth(offsets.data, row), nth(offsets.data, row + 1)];
  const steps = Array.from({ length: to - from }, (_, step) => from + step).filter(
    (step) => mask === undefined || mask.data[step * features + feature] === 1,
  );
  return {
    times: steps.map((step) => nth(times.data, step)),
    values: steps.map((step) => nth(values.data, step * features + feature)),
  };
}

const asItIs: AlignmentRule = { by: "nearest", tolerance: 0 };

function checked(
  sequences: Readonly<Record<string, TimedSequences>>,
  options: AlignClocksOptions<string>,
): { readonly clock: Clock; readonly ruleOf: (name: string) => Align } {
  if (!hasMembers(sequences, {}) || Object.keys(sequences).length === 0)
    throw new TensorError(
      `alignClocks: the sequences are ${shown(sequences)}, expected an object with { values, offsets, times } for each modality`,
    );
  const names = Object.keys(sequences);
  checkOptions("alignClocks", options, ["clock", "rule"], {
    reference: "clock",
    on: "clock",
    rules: "rule",
    by: "rule",
  });
  const { clock: chosen, rule = { by: "nearest" } } = options;
  const clock = typeof chosen === "string" ? sequences[chosen] : chosen;
  if (clock === undefined)
    throw new TensorError(
      `alignClocks: the clock is ${shown(chosen)}, expected times or a modality; ${suggestion(String(chosen), names)}`,
    );
  checkClock("alignClocks: the clock", clock);
  const rows = nth(clock.offsets.shape, 0) - 1;
  for (const name of names) {
    const given = sequences[name];
    if (given === undefined) continue;
    checkTimed(`alignClocks: ${name}`, given);
    const own = nth(given.offsets.shape, 0) - 1;
    if (own !== rows)
      throw new TensorError(
        `alignClocks: ${name} has ${own} rows, but the clock has ${rows}; row i must be the same example in all`,
      );
  }
  const byName = isRule(rule) ? {} : rule;
  if (!isRule(rule)) checkOptions("alignClocks: rule", rule, names);
  const ruleOf = (name: string): AlignmentRule =>
    name === chosen ? asItIs : isRule(rule) ? rule : (byName[name] ?? { by: "nearest" });
  const rules = new Map(names.map((name) => [name, alignOf(`alignClocks: the rule of ${name}`, ruleOf(name))]));
  for (const name of names) {
    const category = sequences[name]?.variables?.find(({ categories }) => categories !== undefined);
    if (category !== undefined && !keepsValues(ruleOf(name)))
      throw new TensorError(
        `alignClocks: ${category.name} of ${name} has categories, of which there is no mean and no line; use nearest, previous, or a window's first, last or count`,
      );
  }
  return { clock, ruleOf: (name) => lookUp(rules, name, `there is no rule of ${name}`) };
}

const isRule = (rule: AlignClocksOptions<string>["rule"]): rule is AlignmentRule =>
  typeof rule !== "object" || rule === null || typeof Object(rule).by === "string";
